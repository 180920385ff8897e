#include "graft/detection/check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "graft/core/printable.h"
#include "graft/detection/box_rules.h"
#include "graft/text/text_file.h"

namespace graft::detection {
namespace {

std::string words(const Set& set, const Annotation& annotation) {
  const Box& box = annotation.box;
  return fmt::format("annotation {} of image {}, [{}, {}, {}, {}]", annotation.id, set.images[annotation.image].id,
                     box.x, box.y, box.width, box.height);
}

void check_boxes(const Set& set, Findings& findings) {
  std::size_t unsized_images = 0;
  for (const Image& image : set.images)
    unsized_images += image.width <= 0;
  if (unsized_images > 0)
    findings.add("size-missing", Severity::note, "{} of {} images tell no size: their boxes are not held against it",
                 unsized_images, set.images.size());
  for (const Annotation& annotation : set.annotations) {
    const Image& image = set.images[annotation.image];
    const Box& box = annotation.box;
    if (!is_finite(box)) {
      findings.add("box-not-finite", Severity::wrong, "{}", words(set, annotation));
      continue;
    }
    if (box.width < 0 || box.height < 0) {
      findings.add("box-negative", Severity::wrong, "{}: its width or height is below 0", words(set, annotation));
      continue;
    }
    if (box.area() <= 0) {
      findings.add("box-empty", Severity::wrong, "{}: its width or height is 0", words(set, annotation));
      continue;
    }
    if (image.width > 0) {
      const double out = overhang(box, image);
      if (is_elsewhere(box, image))
        findings.add("box-elsewhere", Severity::wrong, "{}: nothing of it is in the image of {} x {}",
                     words(set, annotation), image.width, image.height);
      else if (out > kTolerated)
        findings.add("box-outside", Severity::wrong, "{}: {:.4g} pixels of it are outside the image of {} x {}",
                     words(set, annotation), out, image.width, image.height);
      else if (out > 0)
        findings.add("box-overhangs", Severity::note, "{}: by {:.2g} pixels, as rounding does", words(set, annotation),
                     out);
    }
    if (!is_area_sound(annotation))
      findings.add(annotation.area > 0 ? "area-above-box" : "area-empty", Severity::wrong,
                   "{}: its area is {:.6g}, its box's {:.6g}", words(set, annotation), annotation.area, box.area());
    else if (annotation.shape == kNoText && std::abs(annotation.area - box.area()) > 1 + 0.01 * box.area())
      findings.add("area-not-of-box", Severity::suspicion, "{}: has no mask, its area is {:.6g} and its box's {:.6g}",
                   words(set, annotation), annotation.area, box.area());
  }
}

void check_shapes(const Set& set, Findings& findings) {
  for (const Annotation& annotation : set.annotations) {
    if (annotation.shape == kNoText) continue;
    const auto shape = shape_of(set, annotation);
    if (!shape.fault.empty())
      findings.add("shape-form", Severity::wrong, "{}: {}", words(set, annotation), shape.fault);
    else if (annotation.crowd && !shape.polygons.empty())
      findings.add("crowd-polygon", Severity::suspicion,
                   "{}: iscrowd with polygons, where COCO has runs: is it one object?", words(set, annotation));
    else if (!shape.polygons.empty() && !has_bounds(annotation.box, shape.polygons))
      findings.add("box-off-shape", Severity::suspicion, "{}: its polygons lie in {}", words(set, annotation), [&] {
        const Box bounds = bounds_of(shape.polygons);
        return fmt::format("[{:.6g}, {:.6g}, {:.6g}, {:.6g}]", bounds.x, bounds.y, bounds.width, bounds.height);
      }());
  }
}

void check_duplicates(const Set& set, Findings& findings) {
  const auto order = by_box(set);
  for (std::size_t k = 1; k < order.size(); ++k) {
    const Annotation &one = set.annotations[order[k - 1]], &other = set.annotations[order[k]];
    if (one.image != other.image || one.box != other.box) continue;
    if (one.category == other.category)
      findings.add("duplicate-box", Severity::wrong, "{} is annotation {} again", words(set, other), one.id);
    else
      findings.add("box-of-two-classes", Severity::suspicion, "{} is {} and {}", words(set, other),
                   printable(set.categories[one.category].name), printable(set.categories[other.category].name));
  }
}

void check_categories(const Set& set, Findings& findings) {
  const auto& categories = set.categories;
  std::vector<std::size_t> boxes(categories.size());
  for (const Annotation& annotation : set.annotations)
    ++boxes[annotation.category];
  std::unordered_map<std::string, std::size_t> names, alike;
  std::vector<std::string> unused;
  std::vector<std::int64_t> ids;
  for (std::size_t k = 0; k < categories.size(); ++k) {
    const Category& category = categories[k];
    ids.push_back(category.id);
    if (boxes[k] == 0) unused.push_back(printable(category.name));
    const std::string trimmed(text::trimmed(category.name));
    if (trimmed != category.name)
      findings.add("name-untrimmed", Severity::wrong, "category {} is called '{}', with white space round it",
                   category.id, printable(category.name));
    const auto key = class_key(category);
    if (const auto [first, is_new] = names.try_emplace(key, k); !is_new) {
      findings.add("name-twice", Severity::wrong, "categories {} and {} are both called '{}'",
                   categories[first->second].id, category.id, printable(trimmed));
    } else if (const auto [like, is_first] = alike.try_emplace(folded(trimmed), k); !is_first) {
      findings.add("name-alike", Severity::suspicion, "categories {} and {} are called '{}' and '{}'",
                   categories[like->second].id, category.id, printable(categories[like->second].name),
                   printable(category.name));
    }
    if (category.id == 0)
      findings.add("category-id-zero", Severity::note, "'{}' has the id 0, which some trainers take for background",
                   printable(category.name));
  }
  std::ranges::sort(ids);
  constexpr std::size_t kShown = 10;
  std::vector<std::int64_t> gaps;
  for (std::size_t k = 1; k < ids.size() && gaps.size() <= kShown; ++k) {
    for (std::int64_t id = ids[k - 1] + 1; id < ids[k] && gaps.size() <= kShown; ++id)
      gaps.push_back(id);
  }
  const bool more = gaps.size() > kShown;
  if (more) gaps.pop_back();
  if (!gaps.empty())
    findings.add("category-id-gaps", Severity::note,
                 "{} ids from {} to {} leave out {}{}: a program that counts them one by one shifts the classes",
                 ids.size(), ids.front(), ids.back(), fmt::join(gaps, ", "), more ? " and more" : "");
  if (!unused.empty()) {
    const std::size_t shown = std::min<std::size_t>(unused.size(), 8);
    findings.add("class-without-boxes", Severity::note, "{} of {}: {}{}", unused.size(), categories.size(),
                 fmt::join(unused.begin(), unused.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                 shown < unused.size() ? ", ..." : "");
  }
}

void check_images(const Set& set, Findings& findings) {
  std::unordered_map<std::string_view, std::size_t> files;
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    if (image.file.empty()) {
      findings.add("file-missing", Severity::note, "image {} names no file", image.id);
      continue;
    }
    const std::filesystem::path path(image.file);
    if (path.is_absolute() || image.file.starts_with("../") || image.file.find("/../") != std::string::npos)
      findings.add("file-elsewhere", Severity::suspicion,
                   "image {}: {} is a place on somebody's disk, no file below a folder", image.id,
                   printable(image.file));
    if (const auto [first, is_new] = files.try_emplace(image.file, k); !is_new)
      findings.add("image-twice", Severity::wrong, "images {} and {} are both {}", set.images[first->second].id,
                   image.id, printable(image.file));
  }
}

// pycocotools remembers a detection's match by the box's id and takes 0 for none (cocoeval.py, `tps`).
void check_ids(const Set& set, Findings& findings) {
  std::unordered_map<std::int64_t, std::size_t> ids;
  std::vector<std::size_t> in_image(set.images.size());
  std::size_t restarts = 0, zero = 0, more_than_once = 0;
  for (const Annotation& annotation : set.annotations) {
    const auto place = in_image[annotation.image]++;
    restarts +=
        annotation.id == static_cast<std::int64_t>(place) || annotation.id == static_cast<std::int64_t>(place) + 1;
    zero += annotation.id == 0;
    more_than_once += ++ids[annotation.id] > 1;
  }
  if (zero > 0)
    findings.add("id-zero", Severity::suspicion,
                 "{} annotations have the id 0 or none; pycocotools counts a box with the id 0 as missed", zero);
  if (more_than_once > 0 && restarts == set.annotations.size())
    findings.add("ids-by-image", Severity::suspicion,
                 "the ids of annotations begin again in each image: {} distinct ids for {} boxes", ids.size(),
                 set.annotations.size());
}

}  // namespace

void check(const Set& set, Findings& findings) {
  check_boxes(set, findings);
  check_shapes(set, findings);
  check_duplicates(set, findings);
  check_categories(set, findings);
  check_images(set, findings);
  check_ids(set, findings);
  suspect_units(set, findings);
}

}  // namespace graft::detection
