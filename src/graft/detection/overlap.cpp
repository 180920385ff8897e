#include "graft/detection/overlap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "graft/core/error.h"
#include "graft/data/problems.h"
#include "graft/detection/average_precision.h"
#include "graft/detection/json_fields.h"
#include "graft/detection/runs.h"

namespace graft::detection {

double box_overlap(const Box& own, const Box& other, bool crowd) {
  const double width = std::min(own.width + own.x, other.width + other.x) - std::max(own.x, other.x);
  if (width <= 0) return 0;
  const double height = std::min(own.height + own.y, other.height + other.y) - std::max(own.y, other.y);
  if (height <= 0) return 0;
  const double shared = width * height;
  return shared / (crowd ? own.area() : own.area() + other.area() - shared);
}

namespace {

class PairOverlap : public Overlap {
 public:
  PairOverlap(const Set& set, const Detections& detections, const EvaluationRules& rules)
      : set_(set), found_(detections), rules_(rules) {}

  void of(const EvaluationPairs::Pair& pair, double at_least, Overlaps& overlaps) final {
    overlaps.candidates.clear();
    overlaps.begin.assign(1, 0);
    overlaps.areas.clear();
    overlaps.crowd.clear();
    for (const Index place : pair.annotations) {
      const Annotation& object = set_.annotations[place];
      overlaps.crowd.push_back((rules_.crowds && object.crowd) || (rules_.groups_are_crowds && object.group_of));
    }
    overlaps.ignored = overlaps.crowd;
    look_at(pair, overlaps.ignored);
    for (std::size_t d = 0; d < pair.detections.size(); ++d) {
      overlaps.areas.push_back(area(pair, d));
      for (std::uint32_t k = 0; k < pair.annotations.size(); ++k) {
        const double share = overlap(pair, d, k, overlaps.crowd[k] != 0);
        if (share >= at_least) overlaps.candidates.push_back({k, share});
      }
      overlaps.begin.push_back(overlaps.candidates.size());
    }
  }

 protected:
  // What is read of a pair before it is compared; sets what is ignored beside crowds.
  virtual void look_at(const EvaluationPairs::Pair&, std::vector<char>&) {}
  virtual double area(const EvaluationPairs::Pair& pair, std::size_t detection) const = 0;
  virtual double overlap(const EvaluationPairs::Pair& pair, std::size_t detection, std::size_t object,
                         bool crowd) const = 0;

  const Detection& detection(const EvaluationPairs::Pair& pair, std::size_t d) const {
    return found_.detections[pair.detections[d]];
  }
  const Annotation& object(const EvaluationPairs::Pair& pair, std::size_t k) const {
    return set_.annotations[pair.annotations[k]];
  }
  // The areas of results are of their boxes where the first has one, as pycocotools reads them.
  bool with_boxes() const { return found_.detections.front().box != Box{}; }

  const Set& set_;
  const Detections& found_;
  const EvaluationRules& rules_;
};

// Reads what is carried as JSON.
class CarriedJson {
 public:
  Value parse(const std::string& text) {
    Value value;
    if (const auto error = parser_.parse(text).get(value))
      throw DataError("detection", "{}: {}", text.substr(0, 60), simdjson::error_message(error));
    return value;
  }

 private:
  simdjson::dom::parser parser_;
};

class BoxOverlap final : public PairOverlap {
 public:
  using PairOverlap::PairOverlap;

 private:
  // Results that are masks alone have the boxes around them, and the masks' areas.
  void look_at(const EvaluationPairs::Pair& pair, std::vector<char>&) override {
    from_masks_ = !pair.detections.empty() && !with_boxes();
    if (!from_masks_) return;
    boxes_.clear();
    areas_.clear();
    const Image& image = set_.images[pair.image];
    for (const Index place : pair.detections) {
      const std::string text = found_.carried->at(found_.detections[place].shape);
      try {
        const Runs runs = runs_of(json_.parse(text), static_cast<std::uint32_t>(image.height),
                                  static_cast<std::uint32_t>(image.width));
        boxes_.push_back(box_of(runs));
        areas_.push_back(static_cast<double>(runs.area()));
      } catch (const DataError& error) {
        throw DataError("detection", "a detection in image {} has neither a box nor a mask: {}", image.id,
                        data::words_of(error));
      }
    }
  }
  double area(const EvaluationPairs::Pair& pair, std::size_t d) const override {
    return from_masks_ ? areas_[d] : detection(pair, d).box.area();
  }
  double overlap(const EvaluationPairs::Pair& pair, std::size_t d, std::size_t k, bool crowd) const override {
    return box_overlap(from_masks_ ? boxes_[d] : detection(pair, d).box, object(pair, k).box, crowd);
  }

  CarriedJson json_;
  std::vector<Box> boxes_;
  std::vector<double> areas_;
  bool from_masks_ = false;
};

class MaskOverlap final : public PairOverlap {
 public:
  using PairOverlap::PairOverlap;

 private:
  Runs read(const Image& image, const Box& box, const std::string& text) {
    const auto height = static_cast<std::uint32_t>(image.height), width = static_cast<std::uint32_t>(image.width);
    if (!text.empty()) return runs_of(json_.parse(text), height, width);
    const double right = box.x + box.width, bottom = box.y + box.height;  // without a mask the box is it
    if (height == 0 || width == 0) throw DataError("detection", "image {} has no width and height.", image.id);
    return runs_of_polygon(std::array{box.x, box.y, box.x, bottom, right, bottom, right, box.y}, height, width);
  }
  void look_at(const EvaluationPairs::Pair& pair, std::vector<char>&) override {
    detections_.clear();
    objects_.clear();
    const Image& image = set_.images[pair.image];
    for (const Index place : pair.detections) {
      const Detection& one = found_.detections[place];
      try {
        detections_.push_back(read(image, one.box, found_.carried->at(one.shape)));
      } catch (const DataError& error) {
        throw DataError("detection", "a detection in image {}: {}", image.id, data::words_of(error));
      }
    }
    for (const Index place : pair.annotations) {
      const Annotation& one = set_.annotations[place];
      try {
        objects_.push_back(read(image, one.box, set_.carried->at(one.shape)));
      } catch (const DataError& error) {
        throw DataError("detection", "annotation {}: {}", one.id, data::words_of(error));
      }
    }
  }
  double area(const EvaluationPairs::Pair& pair, std::size_t d) const override {
    return with_boxes() ? detection(pair, d).box.area() : static_cast<double>(detections_[d].area());
  }
  double overlap(const EvaluationPairs::Pair&, std::size_t d, std::size_t k, bool crowd) const override {
    return run_overlap(detections_[d], objects_[k], crowd);
  }

  CarriedJson json_;
  std::vector<Runs> detections_, objects_;
};

constexpr std::size_t kPoints = 17;

// How far a person's points may be off, as a share of the object's size: from the nose to the ankles (Lin et al. 2014).
constexpr std::array<double, kPoints> kSigmas = {.26, .25, .25,  .35,  .35, .79, .79, .72, .72,
                                                 .62, .62, 1.07, 1.07, .87, .87, .89, .89};

class KeypointOverlap final : public PairOverlap {
 public:
  using PairOverlap::PairOverlap;

 private:
  struct Points {
    std::array<double, kPoints> x{}, y{};
    std::array<bool, kPoints> labelled{};
    std::size_t count = 0;  // labelled
  };

  Points read(const Value& value) const {
    simdjson::dom::array list;
    Points points;
    if (value.get(list) != simdjson::SUCCESS || list.size() != 3 * kPoints)
      throw DataError("detection", "keypoints are no list of {} numbers: x, y and 0, 1 or 2 of each of 17 points.",
                      3 * kPoints);
    std::size_t k = 0;
    for (const Value one : list) {
      const double number = detection::number(one).value_or(0);
      if (k % 3 == 0) points.x[k / 3] = number;
      if (k % 3 == 1) points.y[k / 3] = number;
      if (k % 3 == 2) points.labelled[k / 3] = number > 0;
      ++k;
    }
    points.count = static_cast<std::size_t>(std::ranges::count(points.labelled, true));
    return points;
  }
  void look_at(const EvaluationPairs::Pair& pair, std::vector<char>& ignored) override {
    detections_.clear();
    objects_.clear();
    for (const Index place : pair.detections)
      detections_.push_back(read(json_.parse(found_.carried->at(found_.detections[place].shape))));
    for (std::size_t k = 0; k < pair.annotations.size(); ++k) {
      const Annotation& one = set_.annotations[pair.annotations[k]];
      const Value members = json_.parse("{" + set_.carried->at(one.rest) + "}");
      Value points, count;
      if (members["keypoints"].get(points) != simdjson::SUCCESS)
        throw DataError("detection", "annotation {} has no 'keypoints'.", one.id);
      objects_.push_back(read(points));
      const bool none =
          members["num_keypoints"].get(count) == simdjson::SUCCESS ? number(count) == 0.0 : objects_.back().count == 0;
      if (none) ignored[k] = 1;
    }
  }
  double area(const EvaluationPairs::Pair& pair, std::size_t d) const override {
    if (with_boxes()) return detection(pair, d).box.area();
    const auto [left, right] = std::ranges::minmax(detections_[d].x);
    const auto [top, bottom] = std::ranges::minmax(detections_[d].y);
    return (right - left) * (bottom - top);
  }
  double overlap(const EvaluationPairs::Pair& pair, std::size_t d, std::size_t k, bool) const override {
    const Points &told = detections_[d], &truth = objects_[k];
    const Annotation& one = object(pair, k);
    const double left = one.box.x - one.box.width, right = one.box.x + one.box.width * 2;
    const double top = one.box.y - one.box.height, bottom = one.box.y + one.box.height * 2;
    std::vector<double> likeness;
    for (std::size_t p = 0; p < kPoints; ++p) {
      double dx = told.x[p] - truth.x[p], dy = told.y[p] - truth.y[p];
      if (truth.count == 0) {  // nobody said where: as far as it lies from the box, made twice as large
        dx = std::max(0.0, left - told.x[p]) + std::max(0.0, told.x[p] - right);
        dy = std::max(0.0, top - told.y[p]) + std::max(0.0, told.y[p] - bottom);
      } else if (!truth.labelled[p]) {
        continue;
      }
      const double spread = kSigmas[p] / 10 * 2;
      likeness.push_back(std::exp(
          -((dx * dx + dy * dy) / (spread * spread) / (one.area + std::numeric_limits<double>::epsilon()) / 2)));
    }
    return numpy_sum(likeness) / static_cast<double>(likeness.size());
  }

  CarriedJson json_;
  std::vector<Points> detections_, objects_;
};

}  // namespace

std::unique_ptr<Overlap> make_overlap(const Set& set, const Detections& detections, const EvaluationRules& rules) {
  switch (rules.compared) {
    case Compared::boxes:
      return std::make_unique<BoxOverlap>(set, detections, rules);
    case Compared::masks:
      return std::make_unique<MaskOverlap>(set, detections, rules);
    case Compared::keypoints:
      return std::make_unique<KeypointOverlap>(set, detections, rules);
  }
  throw InternalError("detection", "what is compared is not known.");
}

}  // namespace graft::detection
