#include "graft/engine/photo_list.h"

#include <algorithm>
#include <cctype>

#include "graft/core/error.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;

PhotoList below(const fs::path& folder) {
  PhotoList photos;
  for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
    if (entry.is_regular_file() && is_photo(entry.path()))
      photos.files.push_back(entry.path().lexically_relative(folder).string());
  }
  std::sort(photos.files.begin(), photos.files.end());
  for (const auto& file : photos.files)
    photos.paths.push_back(folder / file);
  return photos;
}

void append(PhotoList& photos, const data::Dataset& dataset, data::Split split) {
  for (const auto& sample : dataset.split(split)) {
    photos.files.push_back(sample.file);
    photos.paths.push_back(dataset.path(sample));
  }
}

PhotoList of_dataset(const DataOptions& options, const std::string& word) {
  if (word.empty()) {
    const auto dataset = data::open_dataset(options.data, options.dataset, {});
    PhotoList photos;
    for (const auto split : {data::Split::train, data::Split::val, data::Split::test})
      append(photos, dataset, split);
    return photos;
  }
  data::Split split{};
  option::parse("data", "split", word, split);
  PhotoList photos;
  append(photos, data::open_dataset(options.data, options.dataset, {split}), split);
  return photos;
}

}  // namespace

bool is_photo(const fs::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view kEndings[] = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  return std::find(std::begin(kEndings), std::end(kEndings), ending) != std::end(kEndings);
}

PhotoList list_photos(const DataOptions& options, const std::string& split) {
  if (options.data.empty()) throw UsageError("data", "which photos? Give --data a folder, a table or a split file.");
  const fs::path path(options.data);
  PhotoList photos;
  if (split.empty() && fs::is_directory(path)) {
    photos = below(path);
  } else if (split.empty() && is_photo(path) && fs::exists(path)) {
    photos = {{path.string()}, {path}};
  } else {
    photos = of_dataset(options, split);
  }
  if (photos.files.empty()) throw DataError("data", "{} holds no photos.", options.data);
  return photos;
}

}  // namespace graft::engine
