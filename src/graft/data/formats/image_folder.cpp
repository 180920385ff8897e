// Folders of photos: SPLIT/CLASS/x.jpg, or CLASS/x.jpg with a seeded split; class_folders.h tells which.
#include "graft/data/class_folders.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data::image_folder {
namespace {

namespace fs = std::filesystem;

bool recognises(const fs::path& path) {
  return fs::is_directory(path);
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (!fs::is_directory(path)) throw DataError("data", "{}: expected a folder, as image-folder reads.", path.string());
  return assemble(class_folders(path, "image-folder", walk_photos(path), options), options);
}

}  // namespace

extern const Format format;
const Format format = {"image-folder", "SPLIT/CLASS/x.jpg, or CLASS/x.jpg with a seeded split", recognises, open};

}  // namespace graft::data::image_folder
