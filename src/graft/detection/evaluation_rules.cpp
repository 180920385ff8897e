#include "graft/detection/evaluation_rules.h"

namespace graft::detection {

std::vector<double> evenly(double first, double last, std::size_t count) {
  std::vector<double> values(count);
  const double step = (last - first) / static_cast<double>(count - 1);
  for (std::size_t k = 0; k < count; ++k)
    values[k] = static_cast<double>(k) * step + first;
  values.back() = last;
  return values;
}

EvaluationRules coco_rules(Compared compared) {
  constexpr double kSmall = 32 * 32, kLarge = 96 * 96, kMost = 1e10;
  using enum Slice::Property;
  EvaluationRules rules;
  rules.name = "coco";
  rules.compared = compared;
  rules.thresholds = evenly(0.5, 0.95, 10);
  rules.slices.push_back({area, "all", 0, kMost});
  if (compared != Compared::keypoints) rules.slices.push_back({area, "small", 0, kSmall});
  rules.slices.push_back({area, "medium", kSmall, kLarge});
  rules.slices.push_back({area, "large", kLarge, kMost});
  rules.most = {1, 10, 100};
  if (compared == Compared::keypoints) rules.most = {20};
  return rules;
}

EvaluationRules lvis_rules(Compared compared) {
  EvaluationRules rules = coco_rules(compared);
  rules.name = "lvis";
  rules.most = {300};
  rules.most_per_image = 300;
  rules.crowds = false;
  rules.empty_left_out = true;
  rules.unknown_ignored = true;
  rules.frequencies = true;
  return rules;
}

EvaluationRules federated_rules(Compared compared) {
  EvaluationRules rules = coco_rules(compared);
  rules.name = "federated";
  rules.groups_are_crowds = true;
  rules.unknown_ignored = true;
  rules.frequencies = true;
  return rules;
}

void add_aspects(EvaluationRules& rules) {
  using enum Slice::Property;
  rules.slices.push_back({aspect, "tall", 0, 0.5});
  rules.slices.push_back({aspect, "square", 0.5, 2});
  rules.slices.push_back({aspect, "wide", 2, 1e10});
}

}  // namespace graft::detection
