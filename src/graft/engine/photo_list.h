// Photos without regard to what they show: those of a data set, or just those below a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/image_cache.h"
#include "graft/engine/options.h"

namespace graft::engine {

struct PhotoList {
  std::vector<std::string> files;  // as named in the data: relative to the folder, or to the table
  std::vector<std::filesystem::path> paths;
  std::string remark = {};  // what else there is to say: "left: 12 hidden"; empty: nothing

  // "pets  36 photos · left: 12 hidden", for the line that tells what was opened.
  std::string describe(const std::string& name) const;
};

// A data set of what is asked for, with the split that `word` names or, without one, all that it has. DataError for a
// data set of something else.
struct ChosenSplits {
  data::Dataset dataset;
  std::vector<data::Split> splits;
};
ChosenSplits open_splits(const DataOptions& options, const std::string& word, data::Reads reads);

// As samples without labels, whose files are where they lie and whose names are as the data has them.
std::vector<data::Sample> samples_of(const PhotoList& photos);

// A split of a data set; or, with no split named, every photo below a folder, sorted by name, or every row of a table,
// in its order; or one photo. DataError for nothing.
PhotoList list_photos(const DataOptions& options, const std::string& split);

// Photos, and those below folders, as somebody named them one by one.
PhotoList list_photos(const std::vector<std::string>& words);

// Reads each photo once. Those that cannot be read are refused together, or left out and counted in the remark.
PhotoList readable(PhotoList photos, const DataOptions& options, data::ImageCache& images);

// `work` reads the photos as it goes: where it meets one that cannot be read, all such are refused together.
template <class Work>
auto refusing_unreadable(const PhotoList& photos, const DataOptions& options, data::ImageCache& images, Work&& work) {
  try {
    return work();
  } catch (const DataError&) {
    readable(photos, options, images);
    throw;
  } catch (const FileError&) {
    readable(photos, options, images);
    throw;
  }
}

}  // namespace graft::engine
