// Folders of clips: SPLIT/CLASS/x.mp4, or CLASS/x.mp4 with a seeded split. A clip is a video file, or a folder of
// numbered frames, SPLIT/CLASS/x/img_00001.jpg. Folders of frames are taken for clips by themselves where every folder
// with photos lies in a class folder and holds frames numbered without a hole; photos that only look so are read by
// --format image-folder.
#include <algorithm>
#include <string>

#include "graft/data/class_folders.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"
#include "graft/video/clip.h"

namespace graft::data::clip_folder {
namespace {

namespace fs = std::filesystem;

bool recognises(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  const Walk walk = walk_clips(path);
  if (walk.files.empty()) return false;
  const auto is_file = [](const std::string& clip) { return video::is_clip_name(clip); };
  if (const auto files = std::ranges::count_if(walk.files, is_file); files > 0) {
    const bool photos = !walk_photos(path).files.empty() && !walk.left.empty();
    return !photos && files >= std::ssize(walk_texts(path).files);
  }
  // Folders of numbered photos: of classes they would lie directly here, or in a split.
  if (walk.left.count(LeftReason::no_clip) > 0) return false;
  return std::ranges::all_of(walk.files, [&](const std::string& folder) {
    const std::string top = folder.substr(0, folder.find('/'));
    const auto parts = std::ranges::count(folder, '/') + 1;
    return parts > (split_word(top).empty() ? 1 : 2) && files_in(path / folder).size() > 1;
  });
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (!fs::is_directory(path)) throw DataError("data", "{}: expected a folder, as clip-folder reads.", path.string());
  return assemble(class_folders(path, "clip-folder", walk_clips(path), options), options);
}

}  // namespace

extern const Format format;
const Format format = {"clip-folder", "SPLIT/CLASS/x.mp4 or a folder of frames, or CLASS/x with a seeded split",
                       recognises, open};

}  // namespace graft::data::clip_folder
