#include "graft/detection/box_rules.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numbers>
#include <numeric>
#include <tuple>
#include <utility>

#include "graft/detection/json_fields.h"
#include "graft/detection/runs.h"
#include "graft/text/text_file.h"

namespace graft::detection {

bool is_finite(const Box& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.width) && std::isfinite(box.height);
}

double overhang(const Box& box, const Image& image) {
  return std::max({0.0, -box.x, -box.y, box.x + box.width - image.width, box.y + box.height - image.height});
}

bool is_elsewhere(const Box& box, const Image& image) {
  return box.x >= image.width || box.y >= image.height || box.x + box.width <= 0 || box.y + box.height <= 0;
}

Box clipped(const Box& box, const Image& image) {
  if (overhang(box, image) == 0) return box;  // to the bit
  const double left = std::max(box.x, 0.0), top = std::max(box.y, 0.0);
  return {left, top, std::min(box.x + box.width, static_cast<double>(image.width)) - left,
          std::min(box.y + box.height, static_cast<double>(image.height)) - top};
}

Box round_turned(const Box& box, double degrees, double about_x, double about_y) {
  const double turn = degrees * std::numbers::pi / 180;
  Polygon corners;
  for (const auto& [x, y] : {std::pair(box.x, box.y),
                             {box.x + box.width, box.y},
                             {box.x + box.width, box.y + box.height},
                             {box.x, box.y + box.height}}) {
    corners.push_back(about_x + (x - about_x) * std::cos(turn) - (y - about_y) * std::sin(turn));
    corners.push_back(about_y + (x - about_x) * std::sin(turn) + (y - about_y) * std::cos(turn));
  }
  return bounds_of({corners});
}

bool is_area_sound(const Annotation& annotation) {
  // A mask's runs count whole pixels, of which a ring round the box may be touched.
  const double ring = annotation.box.width + annotation.box.height + 4;
  const double slack = annotation.shape == kNoText ? 1 + 0.001 * annotation.box.area() : 2 * ring;
  return annotation.area > 0 && annotation.area <= annotation.box.area() + slack;
}

Shape shape_of(const Set& set, const Annotation& annotation) {
  Shape shape;
  const std::string text = set.carried->at(annotation.shape);
  if (text.empty()) return shape;
  if (auto polygons = polygons_of(text)) {
    for (std::size_t k = 0; k < polygons->size() && shape.fault.empty(); ++k) {
      const Polygon& polygon = polygons->at(k);
      if (!is_polygon(polygon))
        shape.fault =
            fmt::format("polygon {} has {} numbers, expected x and y of three points at least", k + 1, polygon.size());
    }
    if (polygons->empty()) shape.fault = "its list of polygons is empty";
    shape.polygons = std::move(*polygons);
    return shape;
  }
  simdjson::dom::parser parser;
  simdjson::dom::object runs;
  simdjson::dom::array size;
  if (parser.parse(text).get(runs) != simdjson::SUCCESS) {
    shape.fault = "expected polygons, [[x, y, ...], ...], or runs, {\"size\": ..., \"counts\": ...}";
    return shape;
  }
  Value counts;
  if (runs["counts"].get(counts) != simdjson::SUCCESS || runs["size"].get(size) != simdjson::SUCCESS ||
      size.size() != 2) {
    shape.fault = "runs without \"size\": [height, width] and \"counts\"";
    return shape;
  }
  const auto height = whole_number(size.at(0)), width = whole_number(size.at(1));
  const Image& image = set.images[annotation.image];
  if (image.width > 0 && (height != image.height || width != image.width))
    shape.fault = fmt::format("its runs are of {} x {} pixels, the image of {} x {}", width.value_or(0),
                              height.value_or(0), image.width, image.height);
  if (shape.fault.empty() && !runs_in(text)) shape.fault = "its runs are not its pixels together";
  return shape;
}

bool has_bounds(const Box& box, const Polygons& polygons) {
  const Box bounds = bounds_of(polygons);
  const double slack = 2 + 0.02 * std::max(bounds.width, bounds.height);
  return std::abs(box.x - bounds.x) <= slack && std::abs(box.y - bounds.y) <= slack &&
         std::abs(box.x + box.width - bounds.x - bounds.width) <= slack &&
         std::abs(box.y + box.height - bounds.y - bounds.height) <= slack;
}

std::vector<Index> by_box(const Set& set) {
  std::vector<Index> order(set.annotations.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto key = [&](Index k) {
    const Annotation& one = set.annotations[k];
    return std::tuple(one.image, one.box.x, one.box.y, one.box.width, one.box.height, one.category, k);
  };
  std::ranges::sort(order, [&](Index one, Index other) { return key(one) < key(other); });
  return order;
}

std::string class_key(const Category& category) {
  return std::string(text::trimmed(category.name)) + '\n' + category.synset;
}

std::string folded(std::string_view name) {
  std::string key;
  for (const char c : text::trimmed(name)) {
    const bool blank = c == ' ' || c == '_' || c == '-';
    if (blank && key.ends_with(' ')) continue;
    key += blank ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return key;
}

namespace {

class UnitEvidence {
 public:
  void add(const Box& box, const Image& image) {
    if (!is_finite(box)) return;
    ++boxes_;
    farthest_ = std::max({farthest_, box.x + box.width, box.y + box.height});
    const bool as_corners = box.width >= box.x && box.height >= box.y;
    corners_ += as_corners;
    if (image.width <= 0) return;
    const std::int32_t side = std::min(image.width, image.height);
    smallest_ = sized_ == 0 ? side : std::min(smallest_, side);
    ++sized_;
    outside_ += overhang(box, image) > kTolerated;
    inside_as_corners_ +=
        as_corners && box.width <= image.width + kTolerated && box.height <= image.height + kTolerated;
  }

  void tell(Findings& findings) const {
    constexpr std::size_t kEnough = 5, kMany = 20;
    if (boxes_ < kEnough || sized_ == 0) return;
    if (farthest_ <= 1.001 && smallest_ > 1) {
      findings.add("boxes-normalised", Severity::suspicion,
                   "none of {} boxes reaches beyond {:.4g}, and the images have {} pixels and more a side: shares of "
                   "the image, not pixels?",
                   boxes_, farthest_, smallest_);
    } else if (boxes_ >= kMany && farthest_ <= 100.1 && smallest_ >= 200) {
      findings.add("boxes-percent", Severity::suspicion,
                   "none of {} boxes reaches beyond {:.4g}, and the images have {} pixels and more a side: percent, "
                   "not pixels?",
                   boxes_, farthest_, smallest_);
    } else if (corners_ == boxes_ && inside_as_corners_ == sized_ && outside_ > 0) {
      findings.add("boxes-xyxy", Severity::suspicion,
                   "read as x, y, width, height {} of {} boxes reach out of their images, read as two corners none "
                   "does: x1, y1, x2, y2?",
                   outside_, sized_);
    }
  }

 private:
  std::size_t boxes_ = 0, corners_ = 0, outside_ = 0, inside_as_corners_ = 0, sized_ = 0;
  double farthest_ = 0;
  std::int32_t smallest_ = 0;
};

}  // namespace

void suspect_units(const Set& set, Findings& findings) {
  UnitEvidence evidence;
  for (const Annotation& annotation : set.annotations)
    evidence.add(annotation.box, set.images[annotation.image]);
  evidence.tell(findings);
}

void suspect_units(const Set& set, const Detections& detections, Findings& findings) {
  UnitEvidence evidence;
  for (const Detection& detection : detections.detections)
    if (detection.shape == kNoText) evidence.add(detection.box, set.images[detection.image]);
  evidence.tell(findings);
}

}  // namespace graft::detection
