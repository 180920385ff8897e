// Folders of photos: SPLIT/CLASS/x.jpg, or CLASS/x.jpg with a seeded split. A class is called as its folder, whatever
// lies deeper belongs to it too; hidden folders are left alone.
#include <algorithm>

#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data::image_folder {
namespace {

namespace fs = std::filesystem;

bool is_image(const fs::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  static const std::vector<std::string> kKnown = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  return std::ranges::find(kKnown, extension) != kKnown.end();
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !is_hidden(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::vector<fs::path> images_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
    if (entry.is_regular_file() && !is_hidden(entry.path()) && is_image(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

bool is_split_folder(const fs::path& folder, const DatasetOptions& options) {
  const std::string name = folder.filename().string();
  return is_split(name, options.train_split) || is_split(name, options.val_split) || is_split(name, options.test_split);
}

// Every class folder of `parent`, and its photos.
void read_classes(const fs::path& root, const fs::path& parent, const std::string& split, std::vector<Record>& records,
                  std::vector<std::string>& classes) {
  for (const fs::path& folder : folders_in(parent)) {
    classes.push_back(folder.filename().string());
    for (const fs::path& image : images_in(folder)) {
      const std::string file = image.lexically_relative(root).generic_string();
      records.push_back({file, classes.back(), split, file});
    }
  }
}

bool recognises(const fs::path& path) {
  return fs::is_directory(path);
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (!fs::is_directory(path)) throw DataError("data", "{}: expected a folder.", path.string());
  std::vector<Record> records;
  std::vector<std::string> classes;
  const auto folders = folders_in(path);
  const auto is_split = [&](const fs::path& folder) { return is_split_folder(folder, options); };
  if (std::ranges::any_of(folders, is_split)) {
    for (const fs::path& folder : folders) {
      if (is_split(folder)) read_classes(path, folder, folder.filename().string(), records, classes);
    }
  } else {
    read_classes(path, path, "", records, classes);
  }
  std::string name = fs::absolute(path).lexically_normal().filename().string();
  if (name.empty()) name = fs::absolute(path).lexically_normal().parent_path().filename().string();
  return assemble(path, name, std::move(records), options,
                  options.classes.empty() ? classes : std::vector<std::string>{});
}

}  // namespace

extern const Format format;
const Format format = {"image-folder", "SPLIT/CLASS/x.jpg, or CLASS/x.jpg with a seeded split", recognises, open};

}  // namespace graft::data::image_folder
