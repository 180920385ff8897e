// COCO's instances as masks of classes (Lin et al. 2014, arXiv:1405.0312): annotations/instances_SPLIT.json beside its
// photos' folders. A pixel is of the class of the instance that it lies in, of the smallest where there are several,
// else background; crowds are not counted. Classes are background, then the categories in the order of their ids, or
// those that
// --classes names in its order: the others are background.
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "graft/core/hash.h"
#include "graft/core/names.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/masks.h"
#include "graft/data/problems.h"
#include "graft/data/shapes.h"
#include "graft/text/text_file.h"

namespace graft::data::coco_masks {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Instance {
  std::uint8_t of_class = 0;  // its place; io::kIgnoredClass: a crowd's
  double area = 0;
  std::vector<Polygon> polygons;
  std::vector<std::int64_t> runs;  // in place of polygons
};

struct Photo {
  Size size;
  std::string hash;
  std::vector<Instance> instances;  // the largest first
};

class CocoMasks final : public Masks {
 public:
  explicit CocoMasks(std::map<std::string, Photo> photos) : photos_(std::move(photos)) {}

  std::shared_ptr<const Mask> read(const Sample& sample, Size photo) const override {
    const Photo& told = photos_.at(sample.pair);
    if (told.size != photo) {
      throw DataError("mask", "{}: is told to have {} x {} pixels, and {} has {} x {}.", sample.pair, told.size.width,
                      told.size.height, sample.input, photo.width, photo.height);
    }
    auto mask = std::make_shared<Mask>();
    mask->width = photo.width;
    mask->height = photo.height;
    mask->classes.assign(static_cast<std::size_t>(photo.width) * photo.height, 0);
    for (const Instance& instance : told.instances) {
      const auto paint = [&](std::size_t pixel) { mask->classes[pixel] = instance.of_class; };
      try {
        instance.runs.empty() ? fill_polygons(instance.polygons, photo, paint) : fill_runs(instance.runs, photo, paint);
      } catch (const DataError& error) {
        throw DataError("mask", "{}: {}", sample.pair, error.what());
      }
    }
    return mask;
  }
  std::string content(const Sample& sample) const override { return photos_.at(sample.pair).hash; }

 private:
  std::map<std::string, Photo> photos_;  // by "instances_val2017.json:42"
};

std::vector<fs::path> lists_in(const fs::path& root) {
  std::vector<fs::path> lists;
  std::error_code error;
  if (!fs::is_directory(root / "annotations", error)) return lists;
  for (const auto& file : files_in(root / "annotations")) {
    if (file.filename().string().starts_with("instances") && file.extension() == ".json") lists.push_back(file);
  }
  return lists;
}

bool recognises(const fs::path& path) {
  return !lists_in(path).empty();
}

// Where a list's photo lies, relative to the root: COCO's own folders, or beside.
std::string find_photo(const fs::path& root, const std::string& stem, const std::string& name) {
  const auto folder = stem.substr(stem.find('_') == std::string::npos ? stem.size() : stem.find('_') + 1);
  for (const auto& place : {fs::path("images") / folder, fs::path(folder), fs::path("images"), fs::path()}) {
    std::error_code error;
    if (fs::is_regular_file(root / place / name, error)) return (place / name).generic_string();
  }
  return "";
}

template <class T>
T need(const json& object, const char* key) {
  return object.at(key).get<T>();
}

Instance read_instance(const json& told, std::uint8_t place) {
  Instance instance;
  instance.area = told.value("area", 0.0);
  instance.of_class = told.value("iscrowd", 0) != 0 ? io::kIgnoredClass : place;
  const json& shape = told.at("segmentation");
  if (shape.is_array()) {
    for (const json& polygon : shape) {
      instance.polygons.push_back(polygon.get<Polygon>());
      if (instance.polygons.back().size() < 6 || instance.polygons.back().size() % 2 != 0)
        throw DataError("data", "a polygon of {} numbers: expected three corners or more.",
                        instance.polygons.back().size());
    }
    return instance;
  }
  const json& counts = shape.at("counts");
  instance.runs = counts.is_string() ? runs_of_letters(counts.get_ref<const std::string&>())
                                     : counts.get<std::vector<std::int64_t>>();
  return instance;
}

// The categories of all lists, which must agree.
class Categories {
 public:
  explicit Categories(const std::vector<std::string>& asked) {
    names_.insert(names_.end(), asked.begin(), asked.end());
  }

  void read(const json& list, const std::string& file, Problems& problems) {
    std::map<std::int64_t, std::string> found;
    for (const json& category : list.at("categories"))
      found.emplace(need<std::int64_t>(category, "id"), text::normal_name(need<std::string>(category, "name")));
    if (!found_.empty()) {
      if (found != found_) problems.add("{}: its categories are not those of the other lists.", file);
      return;
    }
    found_ = found;
    std::vector<std::string> known;
    for (const auto& [id, name] : found_)
      known.push_back(name);
    if (names_.size() == 1) names_.insert(names_.end(), known.begin(), known.end());
    for (auto name = names_.begin() + 1; name != names_.end(); ++name) {
      if (std::ranges::find(known, *name) == known.end())
        problems.add("--classes: {}", unknown_name("category", *name, known));
    }
    if (names_.size() > kMostMaskClasses)
      problems.add("{}: {} classes, and a mask tells at most {} apart.", file, names_.size(), kMostMaskClasses);
  }

  // 0 for one that is background. DataError for one that no list names.
  std::uint8_t place_of(std::int64_t id) const {
    const auto category = found_.find(id);
    if (category == found_.end()) throw DataError("data", "the category {} is not listed.", id);
    const auto name = std::find(names_.begin() + 1, names_.end(), category->second);
    return name == names_.end() ? 0 : static_cast<std::uint8_t>(name - names_.begin());
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::int64_t, std::string> found_;
  std::vector<std::string> names_ = {"background"};
};

// A list's photos, and their records.
void read_list(const fs::path& root, const fs::path& file, Categories& categories, std::map<std::string, Photo>& photos,
               Listing& listing, Problems& problems) {
  const auto name = file.filename().string(), stem = file.stem().string();
  const json list = json::parse(text::read_text_file(file));
  categories.read(list, name, problems);
  std::map<std::int64_t, std::string> keys;
  std::map<std::string, Hash> hashes;
  for (const json& told : list.at("images")) {
    const auto id = need<std::int64_t>(told, "id");
    const auto key = fmt::format("{}:{}", name, id), photo = need<std::string>(told, "file_name");
    const auto found = find_photo(root, stem, photo);
    if (found.empty()) {
      problems.add("{}: the photo {} is not there.", key, photo);
      continue;
    }
    keys[id] = key;
    photos[key].size = {need<int>(told, "height"), need<int>(told, "width")};
    listing.records.push_back({.input = found, .split = split_word(stem), .where = key, .pair = key});
  }
  for (const json& told : list.at("annotations")) {
    const auto key = keys.find(need<std::int64_t>(told, "image_id"));
    if (key == keys.end()) continue;  // of a photo that is missing, or of none
    try {
      const auto place = categories.place_of(need<std::int64_t>(told, "category_id"));
      if (place == 0) continue;
      photos[key->second].instances.push_back(read_instance(told, place));
      hashes[key->second].add(told.dump()).add(std::to_string(place));
    } catch (const DataError& error) {
      problems.add_error(key->second, error);
    }
  }
  for (const auto& [id, key] : keys) {
    Photo& photo = photos[key];
    std::ranges::stable_sort(photo.instances, [](const Instance& a, const Instance& b) { return a.area > b.area; });
    photo.hash = hashes[key].hex();
  }
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const auto lists = lists_in(path);
  if (lists.empty()) throw DataError("data", "{}: expected annotations/instances_SPLIT.json.", path.string());
  Listing listing = empty_listing(path, "coco-masks", Reads::photo);
  listing.target = Target::mask;
  Problems problems(listing.subject);
  Categories categories(options.classes.empty() ? std::vector<std::string>() : class_names(options.classes));
  std::map<std::string, Photo> photos;
  for (const fs::path& file : lists) {
    try {
      read_list(path, file, categories, photos, listing, problems);
    } catch (const json::exception&) {
      problems.add("{}: is not what COCO's instances are: expected images, annotations and categories with their keys.",
                   file.filename().string());
    }
  }
  problems.throw_if_any();
  Dataset dataset = assemble(std::move(listing), options);
  dataset.classes = categories.names();
  dataset.masks = std::make_shared<CocoMasks>(std::move(photos));
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"coco-masks", "annotations/instances_SPLIT.json beside its photos: polygons and runs as masks",
                       recognises, open};

}  // namespace graft::data::coco_masks
