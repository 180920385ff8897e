#include <algorithm>
#include <map>
#include <numeric>

#include "graft/core/error.h"
#include "graft/detection/coco_records.h"
#include "graft/detection/json_text.h"
#include "graft/detection/merge.h"

namespace graft::detection {
namespace {

// One entry of "sources": its members as they stand, which the merge wrote.
class Entry {
 public:
  explicit Entry(std::string_view object) {
    for (const auto& [key, value] : members_of(object))
      members_.emplace(key.substr(1, key.size() - 2), value);
  }
  bool has(std::string_view key) const { return members_.contains(std::string(key)); }
  std::string raw(std::string_view key) const {
    const auto found = members_.find(std::string(key));
    if (found == members_.end()) throw DataError("unmerge", "an entry of \"sources\" has no '{}'.", key);
    return found->second;
  }
  std::int64_t number(std::string_view key) const {
    const auto value = Ids::digits(raw(key));
    if (!value) throw DataError("unmerge", "'{}' of an entry of \"sources\" is {}, expected a number.", key, raw(key));
    return *value;
  }
  std::string text(std::string_view key) const {
    std::string padded = raw(key);
    simdjson::dom::parser parser;
    std::string_view text;
    if (parser.parse(padded).get(text) != simdjson::SUCCESS)
      throw DataError("unmerge", "'{}' of an entry of \"sources\" is {}, expected a text.", key, padded);
    return std::string(text);
  }
  // Of an object, what stands between its braces.
  std::string inside(std::string_view key) const {
    if (!has(key)) return "";
    const auto object = raw(key);
    return object.size() < 2 ? "" : object.substr(1, object.size() - 2);
  }
  std::vector<std::int64_t> numbers(std::string_view key) const {
    std::vector<std::int64_t> all;
    simdjson::dom::parser parser;
    simdjson::dom::array list;
    std::string padded = raw(key);
    if (parser.parse(padded).get(list) != simdjson::SUCCESS)
      throw DataError("unmerge", "'{}' of an entry of \"sources\" is no list.", key);
    for (const Value one : list)
      all.push_back(whole_number(one).value_or(0));
    return all;
  }

 private:
  std::map<std::string, std::string> members_;
};

// The entries of "sources" among other members: "\"sources\":[{...},{...}]".
std::vector<Entry> entries_of(const std::string& rest, std::string_view of) {
  const std::string object = "{" + rest + "}";
  for (const auto& [key, value] : members_of(object)) {
    if (key != "\"sources\"") continue;
    std::vector<Entry> entries;
    JsonPieces pieces(std::string(value), "sources");
    while (pieces.next())
      entries.emplace_back(pieces.text());
    return entries;
  }
  throw DataError("unmerge", "{} does not say where it came from: \"sources\" is what `graft data merge` writes.", of);
}

struct Undone {
  Set set;
  std::map<std::int64_t, Index> image, category;   // by id
  std::map<std::int64_t, Entry> verified;          // of images that know some classes alone, by id
  std::vector<std::int64_t> image_places, places;  // in the set that was merged, of images and annotations
};

// As they lay there.
template <class Item>
std::vector<std::size_t> order_of(const std::vector<Item>& items, const std::vector<std::int64_t>& places) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t k) { return places[k]; });
  return order;
}
template <class Item>
void put_in_order(std::vector<Item>& items, const std::vector<std::int64_t>& places) {
  std::vector<Item> sorted;
  sorted.reserve(items.size());
  for (const std::size_t k : order_of(items, places))
    sorted.push_back(std::move(items[k]));
  items = std::move(sorted);
}

Undone begin(const Entry& entry) {
  Undone undone;
  Findings findings;
  CocoRecords records(undone.set, findings);
  JsonPieces pieces("{\"categories\":" + entry.raw("categories") + "}", "categories");
  while (pieces.next())
    records.add_category(pieces);
  records.finish();
  findings.refuse("the merged set's categories");
  undone.set.rest = entry.inside("rest");
  undone.set.sources.push_back({entry.text("name"), entry.text("format"), {}});
  for (Index k = 0; k < undone.set.categories.size(); ++k)
    undone.category[undone.set.categories[k].id] = k;
  return undone;
}

Index place_of(const std::map<std::int64_t, Index>& places, std::int64_t id, std::string_view what) {
  const auto found = places.find(id);
  if (found == places.end()) throw DataError("unmerge", "\"sources\" names {} {}, which is not there.", what, id);
  return found->second;
}

}  // namespace

bool restore_sources(Set& set) {
  if (set.rest.find("\"sources\":[") == std::string::npos) return false;
  std::vector<Source> sources;
  std::map<std::string, Index> places;
  for (const Entry& entry : entries_of(set.rest, "the set")) {
    if (!entry.has("name") || !entry.has("format")) return false;  // somebody else's list
    places.try_emplace(entry.text("name"), static_cast<Index>(sources.size()));
    sources.push_back({entry.text("name"), entry.text("format"), {}});
  }
  std::vector<Index> source_of;
  for (const Image& image : set.images) {
    const auto rest = set.carried->at(image.rest);
    if (rest.find("\"sources\":[{\"name\"") == std::string::npos) return false;
    const auto place = places.find(entries_of(rest, fmt::format("image {}", image.id)).front().text("name"));
    if (place == places.end()) return false;
    source_of.push_back(place->second);
  }
  for (std::size_t k = 0; k < source_of.size(); ++k)
    set.images[k].source = source_of[k];
  set.sources = std::move(sources);
  return true;
}

std::vector<std::pair<std::string, Set>> unmerge(const Set& merged) {
  std::vector<std::string> names;
  std::map<std::string, Undone> sources;
  for (const Entry& entry : entries_of(merged.rest, "the set")) {
    names.push_back(entry.text("name"));
    sources.try_emplace(names.back(), begin(entry));
  }
  const auto source_of = [&](const Entry& entry) -> Undone& {
    const auto found = sources.find(entry.text("name"));
    if (found == sources.end()) throw DataError("unmerge", "the set has no source '{}'.", entry.text("name"));
    return found->second;
  };
  std::vector<std::map<std::string, std::int64_t>> image_ids(merged.images.size());  // by source
  for (std::size_t k = 0; k < merged.images.size(); ++k) {
    const Image& image = merged.images[k];
    for (const Entry& entry : entries_of(merged.carried->at(image.rest), fmt::format("image {}", image.id))) {
      Undone& source = source_of(entry);
      Image copy;
      copy.id = entry.number("id");
      copy.file = entry.text("file_name");
      copy.width = image.width;
      copy.height = image.height;
      copy.rest = source.set.carried->add(entry.inside("rest"));
      image_ids[k][entry.text("name")] = copy.id;
      if (entry.has("known_ids") || entry.has("open_ids")) source.verified.emplace(copy.id, entry);
      source.image_places.push_back(entry.number("place"));
      source.set.images.push_back(std::move(copy));
    }
  }
  for (auto& [name, source] : sources) {
    put_in_order(source.set.images, source.image_places);
    for (Index k = 0; k < source.set.images.size(); ++k)
      source.image[source.set.images[k].id] = k;
  }
  for (const Annotation& annotation : merged.annotations) {
    bool first = true;
    for (const Entry& entry :
         entries_of(merged.carried->at(annotation.rest), fmt::format("annotation {}", annotation.id))) {
      Undone& source = source_of(entry);
      Annotation copy;
      copy.id = entry.number("id");
      copy.category = place_of(source.category, entry.number("category_id"), "category");
      copy.image = place_of(source.image, image_ids[annotation.image].at(entry.text("name")), "image");
      copy.rest = source.set.carried->add(entry.inside("rest"));
      if (first) {
        copy.box = annotation.box;
        copy.area = annotation.area;
        copy.crowd = annotation.crowd;
        copy.group_of = annotation.group_of;
        copy.shape = source.set.carried->add(merged.carried->at(annotation.shape));
      } else {
        simdjson::dom::parser parser;
        simdjson::dom::element value;
        if (parser.parse(entry.raw("bbox")).get(value) != simdjson::SUCCESS || !read_box(value, copy.box))
          throw DataError("unmerge", "annotation {}: \"bbox\" of its second source is no box.", annotation.id);
        if (parser.parse(entry.raw("area")).get(value) == simdjson::SUCCESS) copy.area = number(value).value_or(0);
        copy.crowd = entry.number("iscrowd") == 1;
        copy.group_of = entry.number("isgroupof") == 1;
        if (entry.has("segmentation")) copy.shape = source.set.carried->add(entry.raw("segmentation"));
      }
      source.set.annotations.push_back(copy);
      source.places.push_back(entry.number("place"));
      first = false;
    }
  }
  std::vector<std::pair<std::string, Set>> sets;
  for (const auto& name : names) {
    Undone& source = sources.at(name);
    for (const auto& [id, entry] : source.verified) {
      const Index image = source.image.at(id);
      const auto places = [&](std::string_view key) {
        std::vector<Index> classes;
        for (const auto id : entry.numbers(key))
          classes.push_back(place_of(source.category, id, "category"));
        return source.set.class_sets.add(std::move(classes));
      };
      if (entry.has("known_ids")) source.set.images[image].known = places("known_ids");
      if (entry.has("open_ids")) source.set.images[image].open = places("open_ids");
    }
    put_in_order(source.set.annotations, source.places);
    sets.emplace_back(name, std::move(source.set));
  }
  return sets;
}

}  // namespace graft::detection
