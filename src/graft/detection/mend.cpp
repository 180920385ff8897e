#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "graft/detection/box_rules.h"
#include "graft/detection/check.h"
#include "graft/text/text_file.h"

namespace graft::detection {
namespace {

// What was done, in the order in which it is.
class Done {
 public:
  void add(std::size_t count, std::string_view one, std::string_view many) {
    if (count > 0) lines_.push_back(fmt::format("{} {}", count, count == 1 ? one : many));
  }
  std::vector<std::string> lines() && { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

// Entries that `stays` does not name go; `to` says where each entry of before is now.
template <class Entry>
void keep_only(std::vector<Entry>& entries, const std::vector<Index>& stands_for, std::vector<Index>& to) {
  to.assign(entries.size(), kNone);
  std::size_t kept = 0;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    if (stands_for[k] != k) continue;
    to[k] = static_cast<Index>(kept);
    if (kept != k) entries[kept] = std::move(entries[k]);
    ++kept;
  }
  entries.resize(kept);
  for (std::size_t k = 0; k < to.size(); ++k)
    to[k] = to[stands_for[k]];
}

Index moved(Set& set, Index classes, const std::vector<Index>& to) {
  if (classes == ClassSets::kAll) return classes;
  std::vector<Index> after;
  for (const Index one : set.class_sets.at(classes))
    after.push_back(to[one]);
  return set.class_sets.add(std::move(after));
}

// Classes of one name become the first of them.
std::size_t join_classes(Set& set) {
  std::unordered_map<std::string, Index> names;
  std::vector<Index> stands_for, to;
  std::size_t joined = 0;
  for (const Category& category : set.categories) {
    const auto place = static_cast<Index>(stands_for.size());
    stands_for.push_back(names.try_emplace(class_key(category), place).first->second);
    joined += stands_for.back() != place;
  }
  if (joined == 0) return 0;
  keep_only(set.categories, stands_for, to);
  for (Annotation& annotation : set.annotations)
    annotation.category = to[annotation.category];
  for (Image& image : set.images) {
    image.known = moved(set, image.known, to);
    image.open = moved(set, image.open, to);
  }
  return joined;
}

Index united(Set& set, Index one, Index other) {
  if (one == other) return one;
  if (one == ClassSets::kAll || other == ClassSets::kAll) return ClassSets::kAll;
  auto classes = set.class_sets.at(one);
  const auto& more = set.class_sets.at(other);
  classes.insert(classes.end(), more.begin(), more.end());
  return set.class_sets.add(std::move(classes));
}

// Images of one file become the first of them, which then has the boxes and verdicts of both.
std::size_t join_images(Set& set) {
  std::unordered_map<std::string, Index> files;
  std::vector<Index> stands_for, to;
  std::size_t joined = 0;
  for (Index k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    stands_for.push_back(image.file.empty() ? k : files.try_emplace(image.file, k).first->second);
    const Index first = stands_for.back();
    if (first == k) continue;
    ++joined;
    set.images[first].known = united(set, set.images[first].known, image.known);
    set.images[first].open = united(set, set.images[first].open, image.open);
    if (set.images[first].width <= 0) {
      set.images[first].width = image.width;
      set.images[first].height = image.height;
    }
  }
  if (joined == 0) return 0;
  keep_only(set.images, stands_for, to);
  for (Annotation& annotation : set.annotations)
    annotation.image = to[annotation.image];
  return joined;
}

std::size_t drop_duplicates(Set& set) {
  const auto order = by_box(set);
  std::vector<bool> again(set.annotations.size());
  for (std::size_t k = 1; k < order.size(); ++k) {
    const Annotation &one = set.annotations[order[k - 1]], &other = set.annotations[order[k]];
    again[order[k]] = one.image == other.image && one.category == other.category && one.box == other.box;
  }
  std::size_t place = 0;
  return std::erase_if(set.annotations, [&](const Annotation&) { return again[place++]; });
}

// From 1, where ids of entries repeat or are 0.
template <class Entries>
std::size_t number_anew(Entries& entries) {
  std::set<std::int64_t> ids;
  const bool sound =
      std::ranges::all_of(entries, [&](const auto& entry) { return entry.id != 0 && ids.insert(entry.id).second; });
  if (sound) return 0;
  std::int64_t next = 1;
  for (auto& entry : entries)
    entry.id = next++;
  return entries.size();
}

}  // namespace

std::vector<std::string> mend(Set& set) {
  Done done;
  std::size_t trimmed = 0;
  for (Category& category : set.categories) {
    const auto name = text::trimmed(category.name);
    if (name.size() == category.name.size()) continue;
    category.name = std::string(name);
    ++trimmed;
  }
  done.add(trimmed, "class name is trimmed", "class names are trimmed");
  done.add(join_classes(set), "class is made one with another of its name",
           "classes are made one with others of their name");
  done.add(join_images(set), "image is made one with another of its file",
           "images are made one with others of their file");

  std::size_t clips = 0, shapes = 0, areas = 0;
  const auto dropped = std::erase_if(set.annotations, [&](Annotation& annotation) {
    const Image& image = set.images[annotation.image];
    const Box& box = annotation.box;
    if (!is_finite(box) || box.width <= 0 || box.height <= 0 || box.area() <= 0) return true;
    if (image.width > 0) {
      const Box within = clipped(box, image);
      if (within.width <= 0 || within.height <= 0 || within.area() <= 0) return true;
      clips += within != box;
      if (within != box && annotation.shape == kNoText) annotation.area = within.area();
      annotation.box = within;
    }
    Shape shape = shape_of(set, annotation);
    if (!shape.fault.empty()) {
      if (shape.polygons.empty()) {  // one outline without the list round it
        if (auto wrapped = polygons_of("[" + set.carried->at(annotation.shape) + "]"))
          shape.polygons = std::move(*wrapped);
      }
      Polygons good;
      std::ranges::copy_if(shape.polygons, std::back_inserter(good), is_polygon);
      annotation.shape = good.empty() ? kNoText : set.carried->add(polygons_text(good));
      ++shapes;
    }
    if (!is_area_sound(annotation)) {
      const double of_shape = area_of(shape.polygons);
      annotation.area = of_shape > 0 && of_shape < annotation.box.area() ? of_shape : annotation.box.area();
      ++areas;
    }
    return false;
  });
  done.add(dropped, "box of which nothing is in its image is left out",
           "boxes of which nothing is in their images are left out");
  done.add(clips, "box is clipped to its image", "boxes are clipped to their images");
  done.add(shapes, "shape is left out or mended", "shapes are left out or mended");
  done.add(areas, "area is the mask's or the box's", "areas are their masks' or their boxes'");
  done.add(drop_duplicates(set), "box that was there already is left out",
           "boxes that were there already are left out");
  done.add(number_anew(set.annotations), "annotation is numbered from 1", "annotations are numbered from 1");
  return std::move(done).lines();
}

}  // namespace graft::detection
