// What COCO's lists share, whatever they tell of photos (Lin et al. 2014, arXiv:1405.0312): {"images": [{"id",
// "file_name", ...}], "annotations": [{"image_id", ...}]}, photos beside the file or beside its annotations folder, in
// a folder of their set (train2017) or of images, or in both. Those of 2017 are those of 2014 without COCO_train2014_
// before their numbers.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/problems.h"

namespace graft::data {

// Numbers and texts that are numbers are one id, as files mix them. Nothing where there is none.
std::optional<std::string> coco_id(const nlohmann::json& entry, const char* key);

class CocoPhotos {
 public:
  // `list` is the file; what stands behind the last _ of its name is the photos' set.
  explicit CocoPhotos(const std::filesystem::path& list);
  const std::filesystem::path& root() const { return root_; }

  // Relative to the root; empty where it is nowhere.
  std::string find(const std::string& name);

 private:
  std::filesystem::path root_;
  std::string set_, last_;
};

// Keys that a reader does not know, which it names.
class UnreadKeys {
 public:
  void add(const std::string& key) { keys_.insert(key); }
  // Those of `entry` that are not `known`, as `of` is named: "annotations[].score".
  void see(const nlohmann::json& entry, const char* of, const std::set<std::string_view>& known);
  std::vector<std::string> notes(const std::string& file) const;  // one, or none

 private:
  std::set<std::string> keys_;
};

struct CocoImage {
  std::string id, file;                  // with / between folders
  const nlohmann::json* told = nullptr;  // the entry
};
struct CocoImages {
  std::vector<CocoImage> images;  // each id once, in the file's order
  std::size_t listed_again = 0;   // entries of an id that was there, with its file
};
// A problem for each entry without id or file, and for an id of two files.
CocoImages read_coco_images(const nlohmann::json& images, const std::string& file, UnreadKeys& unread,
                            Problems& problems);

}  // namespace graft::data
