#include "graft/engine/photo_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "graft/data/file_walk.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;

void append_below(PhotoList& photos, const std::string& named, const fs::path& folder, data::LeftOut& left) {
  data::Walk walk = data::walk_photos(folder);
  for (const auto& file : walk.files) {
    photos.files.push_back(named.empty() ? file : (fs::path(named) / file).string());
    photos.paths.push_back(folder / file);
  }
  left.add(walk.left);
}

void append(PhotoList& photos, const data::Dataset& dataset, data::Split split) {
  for (const auto& sample : dataset.split(split)) {
    photos.files.push_back(sample.input);
    photos.paths.push_back(dataset.path(sample));
  }
}

PhotoList of_dataset(const DataOptions& options, const std::string& word) {
  const auto [dataset, splits] = open_splits(options, word, data::Reads::photo);
  PhotoList photos;
  for (const auto split : splits)
    append(photos, dataset, split);
  photos.remark = fmt::format("{}", fmt::join(dataset.remarks, " · "));
  return photos;
}

}  // namespace

ChosenSplits open_splits(const DataOptions& options, const std::string& word, data::Reads reads) {
  std::vector<data::Split> splits = {data::Split::train, data::Split::val, data::Split::test};
  if (!word.empty()) {
    data::Split split{};
    option::parse("data", "split", word, split);
    splits = {split};
  }
  auto dataset = data::open_dataset(options.data, options.dataset, word.empty() ? std::vector<data::Split>{} : splits);
  if (dataset.reads != reads) {
    throw DataError("data", "{} holds {}: expected {}.", options.data, data::unit_of(dataset.reads),
                    data::unit_of(reads));
  }
  return {std::move(dataset), std::move(splits)};
}

std::string PhotoList::describe(const std::string& name) const {
  return fmt::format("{}  {} photo{}{}{}", name, files.size(), files.size() == 1 ? "" : "s",
                     remark.empty() ? "" : " · ", remark);
}

std::vector<data::Sample> samples_of(const PhotoList& photos) {
  std::vector<data::Sample> samples;
  for (size_t i = 0; i < photos.files.size(); ++i)
    samples.push_back({.input = photos.paths[i].string(), .label = -1, .name = photos.files[i]});
  return samples;
}

PhotoList list_photos(const DataOptions& options, const std::string& split) {
  if (options.data.empty()) throw UsageError("data", "which photos? Give --data a folder, a table or a split file.");
  const fs::path path(options.data);
  std::error_code error;
  PhotoList photos;
  data::LeftOut left;
  if (split.empty() && fs::is_directory(path, error)) {
    append_below(photos, "", path, left);
    if (!left.empty()) photos.remark = "left: " + left.words();
  } else if (split.empty() && data::is_photo_name(path) && fs::exists(path, error)) {
    photos = {{path.string()}, {path}};
  } else {
    photos = of_dataset(options, split);
  }
  if (photos.files.empty()) {
    throw DataError("data", "{} holds no photos{}.", options.data,
                    photos.remark.empty() ? "" : fmt::format(" ({})", photos.remark));
  }
  return photos;
}

PhotoList list_photos(const std::vector<std::string>& words) {
  PhotoList photos;
  data::LeftOut left;
  std::error_code error;
  for (const auto& word : words) {
    if (!fs::is_directory(word, error)) {
      photos.files.push_back(word);
      photos.paths.emplace_back(word);
      continue;
    }
    const size_t before = photos.files.size();
    append_below(photos, word, word, left);
    if (photos.files.size() == before) {
      throw DataError("data", "{} holds no photos{}.", word,
                      left.empty() ? "" : fmt::format(" (left: {})", left.words()));
    }
  }
  if (!left.empty()) photos.remark = "left: " + left.words();
  return photos;
}

PhotoList readable(PhotoList photos, const DataOptions& options, data::ImageCache& images) {
  std::vector<std::string> paths;
  for (const auto& path : photos.paths)
    paths.push_back(path.string());
  const auto bad = data::check_images({}, paths, static_cast<int>(std::max<int64_t>(1, options.workers)), &images);
  if (bad.empty()) return photos;
  if (options.on_bad_file == data::OnBadFile::refuse || bad.size() == paths.size())
    data::refuse_bad_files(options.data.empty() ? "photos" : options.data, bad);
  PhotoList good{.files = {}, .paths = {}, .remark = photos.remark};
  for (size_t i = 0; i < paths.size(); ++i) {
    if (std::ranges::binary_search(bad, paths[i], {}, &data::BadFile::file)) continue;
    good.files.push_back(photos.files[i]);
    good.paths.push_back(photos.paths[i]);
  }
  good.remark += fmt::format("{}{} unreadable, left out", good.remark.empty() ? "" : " · ", bad.size());
  return good;
}

}  // namespace graft::engine
