#include "graft/data/coco_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "graft/data/numbers.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::set<std::string_view> kOfAnImage = {"id",     "file_name", "license",       "coco_url", "flickr_url",
                                               "height", "width",     "date_captured", "url"};

fs::path root_of(const fs::path& list) {
  auto folder = list.has_parent_path() ? list.parent_path() : fs::path(".");
  if (folder.filename() != "annotations") return folder;
  return folder.has_parent_path() ? folder.parent_path() : fs::path(".");
}

// "train2014" of "COCO_train2014_000000057870.jpg".
std::string set_in_name(const std::string& name) {
  if (!name.starts_with("COCO_")) return "";
  const auto end = name.find('_', 5);
  return end == std::string::npos ? "" : name.substr(5, end - 5);
}

}  // namespace

std::optional<std::string> coco_id(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end()) return std::nullopt;
  if (found->is_number_float() && found->get<double>() == std::floor(found->get<double>()))
    return std::to_string(static_cast<std::int64_t>(found->get<double>()));
  if (found->is_number_integer()) return found->dump();
  if (!found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  const auto number = whole_number(text);
  return number ? std::to_string(*number) : text;
}

CocoPhotos::CocoPhotos(const fs::path& list) : root_(root_of(list)) {
  const auto stem = list.stem().string();
  set_ = stem.substr(stem.rfind('_') + 1);
}

std::string CocoPhotos::find(const std::string& name) {
  const auto own = set_in_name(name);
  std::vector<std::string> names = {name};
  if (!own.empty()) names.push_back(name.substr(own.size() + std::string_view("COCO__").size()));
  std::vector<std::string> folders = {last_, "", set_ + "/", "images/", "images/" + set_ + "/"};
  if (!own.empty()) folders.insert(folders.end(), {own + "/", "images/" + own + "/"});
  for (const auto& one : names) {
    for (const auto& folder : folders) {
      std::error_code error;
      if (!fs::is_regular_file(root_ / (folder + one), error)) continue;
      last_ = folder;
      return folder + one;
    }
  }
  return "";
}

void UnreadKeys::see(const json& entry, const char* of, const std::set<std::string_view>& known) {
  for (const auto& [key, value] : entry.items()) {
    if (!known.contains(key)) keys_.insert(fmt::format("{}.{}", of, key));
  }
}

std::vector<std::string> UnreadKeys::notes(const std::string& file) const {
  if (keys_.empty()) return {};
  return {fmt::format("{}: not read: {}", file, fmt::join(keys_, ", "))};
}

CocoImages read_coco_images(const json& images, const std::string& file, UnreadKeys& unread, Problems& problems) {
  CocoImages found;
  std::map<std::string, std::string> files;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const json& one = images[i];
    const auto id = one.is_object() ? coco_id(one, "id") : std::nullopt;
    auto name = one.is_object() && one.contains("file_name") && one["file_name"].is_string()
                    ? one["file_name"].get<std::string>()
                    : std::string();
    std::ranges::replace(name, '\\', '/');
    if (!id || name.empty()) {
      problems.add("{}, image {}: expected an id and a file_name.", file, i);
      continue;
    }
    unread.see(one, "images[]", kOfAnImage);
    const auto [known, is_new] = files.try_emplace(*id, name);
    if (is_new) {
      found.images.push_back({*id, name, &one});
      continue;
    }
    ++found.listed_again;
    if (known->second != name)
      problems.add("{}, image {}: the id {} is '{}' here and '{}' before.", file, i, *id, name, known->second);
  }
  return found;
}

}  // namespace graft::data
