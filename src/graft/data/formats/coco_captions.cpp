// COCO's captions (Chen et al. 2015, arXiv:1504.00325): annotations/captions_*.json, a list as data/coco_list.h has it,
// of whose annotations each is a "caption", several a photo. What else a file says is of no consequence, or is noted by
// name.
#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graft/data/coco_list.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/problems.h"
#include "graft/data/split_lists.h"
#include "graft/io/json_object.h"
#include "graft/text/text_file.h"

namespace graft::data::coco_captions {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::set<std::string_view> kOfACaption = {"id", "image_id", "caption"};
constexpr std::array kOfBoxes = {"category_id", "bbox", "segmentation", "keypoints", "segments_info"};

bool is_captions(const fs::path& file) {
  const auto stem = file.stem().string();
  return file.extension() == ".json" && stem.find("captions") != std::string::npos && !stem.ends_with("_results");
}

// In a folder, or in its folder of annotations.
std::vector<fs::path> lists_in(const fs::path& folder) {
  for (const auto& place : {folder / "annotations", folder}) {
    std::error_code error;
    if (!fs::is_directory(place, error)) continue;
    auto files = files_in(place);
    std::erase_if(files, [](const fs::path& file) { return !is_captions(file); });
    if (!files.empty()) return files;
  }
  return {};
}

bool recognises(const fs::path& path) {
  return fs::is_directory(path) ? !lists_in(path).empty() : is_captions(path);
}

// What had to be assumed of a file, or was left of it.
struct Left {
  UnreadKeys unread;
  std::size_t repeated = 0, untold = 0, listed_again = 0;
  std::string first_repeated;

  std::vector<std::string> notes(const std::string& name) const {
    auto notes = unread.notes(name);
    if (listed_again > 0)
      notes.push_back(fmt::format("{}: {} photos are listed twice, with one file", name, listed_again));
    if (untold > 0) notes.push_back(fmt::format("{}: {} photos have no caption, and are left", name, untold));
    if (repeated > 0)
      notes.push_back(
          fmt::format("{}: {} captions stand there already for their photo, word for word ({}): each is used "
                      "as often as it stands",
                      name, repeated, first_repeated));
    return notes;
  }
};

struct Photo {
  std::string file;
  std::set<std::string> captions;
};

const std::string* text_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? &found->get_ref<const std::string&>() : nullptr;
}

// Why a file is none of captions, where one sees which other it is.
std::string otherwise(const io::JsonObject& whole) {
  const auto& images = whole.raw("images");
  const auto& annotations = whole.raw("annotations");
  if (images.is_array() && !images.empty() && images[0].is_object() && images[0].contains("sentences"))
    return "it is a file of Karpathy's splits, whose captions are in 'sentences'";
  if (images.is_array() && annotations.is_null())
    return "it has no 'annotations', as lists of test photos (image_info) are published";
  if (!images.is_array() || !annotations.is_array()) return "expected the lists 'images' and 'annotations'";
  if (annotations.empty() || !annotations[0].is_object() || annotations[0].contains("caption")) return "";
  for (const auto* key : kOfBoxes) {
    if (annotations[0].contains(key)) return fmt::format("its annotations are of objects ('{}')", key);
  }
  return "";
}

void read_captions(const json& annotations, const std::string& name, const std::string& split, CocoPhotos& places,
                   std::map<std::string, Photo>& photos, Listing& listing, Left& left, Problems& problems) {
  std::map<std::string, std::string> found;  // by id
  for (std::size_t i = 0; i < annotations.size(); ++i) {
    const json& one = annotations[i];
    const std::string where = fmt::format("{}, annotation {}", name, i);
    const auto id = one.is_object() ? coco_id(one, "image_id") : std::nullopt;
    const auto* caption = one.is_object() ? text_of(one, "caption") : nullptr;
    if (!id || !caption) {
      problems.add("{}: expected an image_id and a caption, a text.", where);
      continue;
    }
    left.unread.see(one, "annotations[]", kOfACaption);
    const auto photo = photos.find(*id);
    const std::string words(text::trimmed(*caption));
    if (photo == photos.end()) {
      problems.add("{}: no image has the id {}.", where, *id);
    } else if (words.empty()) {
      problems.add("{}: the caption of '{}' is empty.", where, photo->second.file);
    } else {
      if (!photo->second.captions.insert(words).second && left.repeated++ == 0) left.first_repeated = where;
      const auto [file, is_new] = found.try_emplace(*id);
      if (is_new) file->second = places.find(photo->second.file);
      if (file->second.empty()) file->second = photo->second.file;  // it will be missed when it is opened
      listing.records.push_back({.input = file->second, .split = split, .where = where, .pair = words});
    }
  }
}

void read(const SplitList& list, Listing& listing, std::vector<std::string>& notes, Problems& problems) {
  constexpr const char* kWayOn = "Expected COCO's captions, as captions_train2017.json has them";
  const std::string name = list.file.filename().string();
  const auto text = text::read_text_file(list.file);
  if (text::trimmed(text).starts_with('['))
    return problems.add("{}: is a list, as results of captioning and other programs' copies are. {}.", name, kWayOn);
  const auto whole = io::JsonObject::parse(text, name);
  if (const auto what = otherwise(whole); !what.empty()) return problems.add("{}: {}. {}.", name, what, kWayOn);
  whole.ignore({"info", "licenses", "type", "categories"});
  Left left;
  for (const auto& key : whole.unread())
    left.unread.add(key);
  const auto listed = read_coco_images(whole.raw("images"), name, left.unread, problems);
  left.listed_again = listed.listed_again;
  std::map<std::string, Photo> photos;
  for (const auto& image : listed.images)
    photos.emplace(image.id, Photo{image.file, {}});
  CocoPhotos places(list.file);
  read_captions(whole.raw("annotations"), name, list.split, places, photos, listing, left, problems);
  left.untold = static_cast<std::size_t>(
      std::ranges::count_if(photos, [](const auto& photo) { return photo.second.captions.empty(); }));
  const auto said = left.notes(name);
  notes.insert(notes.end(), said.begin(), said.end());
}

// A file alone is the split that its name tells; of several the options choose.
SplitLists chosen(const fs::path& path, const DatasetOptions& options) {
  const auto files = fs::is_directory(path) ? lists_in(path) : std::vector<fs::path>{path};
  if (files.size() == 1) return {{{files.front(), split_of_list(files.front().stem().string())}}, {}};
  return split_lists(files, options);
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const auto lists = chosen(path, options);
  if (lists.lists.empty() || (!fs::is_directory(path) && path.extension() != ".json")) {
    throw DataError("data", "{}: expected a captions_*.json, or a folder with some or with annotations/ that has some.",
                    path.string());
  }
  auto listing = empty_listing(path, "coco-captions", Reads::photo);
  listing.root = CocoPhotos(lists.lists.front().file).root();
  listing.target = Target::caption;
  Problems problems(listing.subject);
  if (options.target && *options.target != Target::caption)
    problems.add("--label-kind {}: here a caption is told of each photo.",
                 choices(Target{})[static_cast<int>(*options.target)].second);
  if (!options.caption_column.empty())
    problems.add("--caption-column {}: is of tables. Leave it out.", options.caption_column);
  std::vector<std::string> notes = lists.notes;
  for (const auto& list : lists.lists)
    read(list, listing, notes, problems);
  problems.throw_if_any();
  Dataset dataset = assemble(std::move(listing), options);
  if (lists.lists.size() == 1) dataset.source = lists.lists.front().file;
  dataset.notes.insert(dataset.notes.end(), notes.begin(), notes.end());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"coco-captions", "COCO's captions_*.json beside its photos' folders", recognises, open};

}  // namespace graft::data::coco_captions
