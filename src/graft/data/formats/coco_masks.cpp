// COCO's instances as masks of classes (Lin et al. 2014, arXiv:1405.0312): annotations/instances_SPLIT.json beside its
// photos' folders. A pixel is of the class of the instance that it lies in, of the smallest where there are several (by
// `area`, or by its pixels where none is told), else background; crowds are not counted. Classes are background, then
// the categories in the order of their ids, or those that --classes names in its order: the others are background. Keys
// that are not known are noted by name.
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "graft/core/hash.h"
#include "graft/core/names.h"
#include "graft/data/coco_list.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/masks.h"
#include "graft/data/problems.h"
#include "graft/data/shapes.h"
#include "graft/io/json_object.h"
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

void fill(const Instance& instance, Size photo, const std::function<void(std::size_t)>& pixel) {
  instance.runs.empty() ? fill_polygons(instance.polygons, photo, pixel) : fill_runs(instance.runs, photo, pixel);
}

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
      try {
        fill(instance, photo, [&](std::size_t pixel) { mask->classes[pixel] = instance.of_class; });
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

template <class T>
T need(const json& object, const char* key) {
  return object.at(key).get<T>();
}

// Null counts as absent.
template <class T>
T get(const json& object, const char* key, T otherwise) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? otherwise : found->get<T>();
}

const std::set<std::string_view> kOfAnInstance = {"id",   "image_id", "category_id", "bbox",
                                                  "area", "iscrowd",  "segmentation"};
const std::set<std::string_view> kOfRuns = {"size", "counts"};

std::vector<Polygon> read_polygons(const json& told) {
  auto polygons = told.get<std::vector<Polygon>>();
  for (const Polygon& one : polygons) {
    if (one.size() < 6 || one.size() % 2 != 0)
      throw DataError("data", "a polygon of {} numbers: expected three corners or more.", one.size());
  }
  return polygons;
}

std::vector<std::int64_t> read_runs(const json& shape, Size photo, UnreadKeys& unread) {
  unread.see(shape, "annotations[].segmentation", kOfRuns);
  const auto size = get(shape, "size", std::vector<int>{photo.height, photo.width});
  if (size != std::vector<int>{photo.height, photo.width})
    throw DataError("data", "runs of {} pixels, and the photo is told to have {} x {}.", fmt::join(size, " x "),
                    photo.height, photo.width);
  const json& counts = shape.at("counts");
  return counts.is_string() ? runs_of_letters(counts.get_ref<const std::string&>())
                            : counts.get<std::vector<std::int64_t>>();
}

Instance read_instance(const json& told, std::uint8_t place, Size photo, UnreadKeys& unread) {
  unread.see(told, "annotations[]", kOfAnInstance);
  Instance instance;
  instance.of_class = get(told, "iscrowd", 0) != 0 ? io::kIgnoredClass : place;
  const json& shape = told.at("segmentation");
  if (shape.is_array())
    instance.polygons = read_polygons(shape);
  else
    instance.runs = read_runs(shape, photo, unread);
  instance.area = get(told, "area", -1.0);
  if (instance.area < 0) {
    instance.area = 0;
    fill(instance, photo, [&](std::size_t) { ++instance.area; });
  }
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

constexpr const char* kExpected =
    "is not what COCO's instances are: expected images, annotations and categories with their keys.";

constexpr const char* kExpectedOfOne =
    "an annotation without a category, or whose segmentation is neither polygons [[x, y, x, y, ...], ...] nor runs.";

// A list's photos, and their records. What was left aside in it, by name.
std::vector<std::string> read_list(const fs::path& file, Categories& categories, std::map<std::string, Photo>& photos,
                                   Listing& listing, Problems& problems) {
  const auto name = file.filename().string(), stem = file.stem().string();
  const auto whole = io::JsonObject::parse(text::read_text_file(file), name);
  whole.ignore({"info", "licenses", "type"});
  const json &images = whole.raw("images"), &annotations = whole.raw("annotations");
  UnreadKeys unread;
  if (!images.is_array() || !annotations.is_array() || !whole.raw("categories").is_array()) {
    problems.add("{}: {}", name, kExpected);
    return {};
  }
  for (const auto& key : whole.unread())
    unread.add(key);
  categories.read(whole.value(), name, problems);
  CocoPhotos places(file);
  const auto listed = read_coco_images(images, name, unread, problems);
  std::map<std::string, std::string> keys;  // by id; empty: the photo is not there
  std::map<std::string, Hash> hashes;
  for (const auto& image : listed.images) {
    const auto key = keys[image.id] = fmt::format("{}:{}", name, image.id);
    const auto found = places.find(image.file);
    if (found.empty()) {
      problems.add("{}: the photo {} is not there.", key, image.file);
      keys[image.id].clear();
      continue;
    }
    photos[key].size = {need<int>(*image.told, "height"), need<int>(*image.told, "width")};
    listing.records.push_back({.input = found, .split = split_word(stem), .where = key, .pair = key});
  }
  for (const json& told : annotations) {
    const auto id = coco_id(told, "image_id");
    const auto key = keys.find(id.value_or(""));
    if (!id || key == keys.end()) {
      problems.add("{}: an annotation is of the image {}, which is not listed.", name, id.value_or("(none)"));
      continue;
    }
    if (key->second.empty()) continue;
    Photo& photo = photos[key->second];
    try {
      const auto place = categories.place_of(need<std::int64_t>(told, "category_id"));
      if (place == 0) continue;
      photo.instances.push_back(read_instance(told, place, photo.size, unread));
      hashes[key->second].add(told.dump()).add(std::to_string(place));
    } catch (const DataError& error) {
      problems.add_error(key->second, error);
    } catch (const json::exception&) {
      problems.add("{}: {}", key->second, kExpectedOfOne);
    }
  }
  for (const auto& [id, key] : keys) {
    if (key.empty()) continue;
    Photo& photo = photos[key];
    std::ranges::stable_sort(photo.instances, [](const Instance& a, const Instance& b) { return a.area > b.area; });
    photo.hash = hashes[key].hex();
  }
  auto notes = unread.notes(name);
  if (listed.listed_again > 0)
    notes.push_back(fmt::format("{}: {} photos are listed twice, with one file", name, listed.listed_again));
  return notes;
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const auto lists = lists_in(path);
  if (lists.empty()) throw DataError("data", "{}: expected annotations/instances_SPLIT.json.", path.string());
  Listing listing = empty_listing(path, "coco-masks", Reads::photo);
  listing.target = Target::mask;
  Problems problems(listing.subject);
  Categories categories(options.classes.empty() ? std::vector<std::string>() : class_names(options.classes));
  std::map<std::string, Photo> photos;
  std::vector<std::string> notes;
  for (const fs::path& file : lists) {
    try {
      const auto said = read_list(file, categories, photos, listing, problems);
      notes.insert(notes.end(), said.begin(), said.end());
    } catch (const json::exception&) {
      problems.add("{}: {}", file.filename().string(), kExpected);
    }
  }
  problems.throw_if_any();
  Dataset dataset = assemble(std::move(listing), options);
  dataset.classes = categories.names();
  dataset.masks = std::make_shared<CocoMasks>(std::move(photos));
  dataset.notes.insert(dataset.notes.end(), notes.begin(), notes.end());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"coco-masks", "annotations/instances_SPLIT.json beside its photos: polygons and runs as masks",
                       recognises, open};

}  // namespace graft::data::coco_masks
