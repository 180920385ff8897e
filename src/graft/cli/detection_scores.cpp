#include "graft/cli/detection_scores.h"

#include <fmt/format.h>

#include <cmath>

#include "graft/cli/named_sets.h"
#include "graft/core/error.h"
#include "graft/detection/box_rules.h"
#include "graft/detection/format.h"

namespace graft::cli {
std::vector<std::pair<Rules, std::string>> choices(Rules) {
  return {{Rules::coco, "coco"}, {Rules::lvis, "lvis"}, {Rules::openimages, "openimages"}};
}

detection::EvaluationRules rules_of(const ScoringOptions& options) {
  using detection::Compared;
  if (options.masks && options.keypoints)
    throw ConfigError("data", "--masks and --keypoints are two ways to compare: expected one of them.");
  if (options.federated && options.rules != Rules::coco)
    throw ConfigError("data",
                      "LVIS's and OpenImages' rules are federated by themselves: leave out --federated, or "
                      "--rules.");
  if (options.resamples < 0) throw ConfigError("data", "--resamples {}: expected 0 or more.", options.resamples);
  if (options.threads < 1) throw ConfigError("data", "--threads {}: expected 1 or more.", options.threads);
  const Compared compared = options.masks ? Compared::masks : options.keypoints ? Compared::keypoints : Compared::boxes;
  if (options.rules == Rules::openimages && compared != Compared::boxes)
    throw ConfigError("data", "--rules openimages looks at boxes: leave out --masks and --keypoints.");
  auto rules = options.rules == Rules::lvis                              ? detection::lvis_rules(compared)
               : options.federated || options.rules == Rules::openimages ? detection::federated_rules(compared)
                                                                         : detection::coco_rules(compared);
  if (options.aspects) add_aspects(rules);
  rules.zero_id_never_found = rules.same_id_is_last = options.as_pycocotools;
  return rules;
}

detection::Set read_truth(const ScoringOptions& options, const detection::EvaluationRules& rules, Terminal& terminal) {
  detection::Findings findings;
  auto set = detection::read_set(options.ground_truth, findings);
  findings.refuse(options.ground_truth);
  suspect_units(set, findings);
  tell(findings, options.ground_truth, terminal);
  if (set.images.empty() || set.categories.empty())
    throw DataError("data", "{}: has no {}.", options.ground_truth, set.images.empty() ? "images" : "categories");
  const bool federated = set.federated();
  if (federated && !rules.unknown_ignored)
    terminal.note(
        {fmt::format("{} says that not all classes were looked for in all images, and COCO's rules do not "
                     "ask: --federated or --rules lvis heeds it",
                     options.ground_truth)});
  if (!federated && rules.unknown_ignored)
    terminal.note(
        {fmt::format("{} does not say which classes were looked for: all were, in all images", options.ground_truth)});
  return set;
}

detection::Detections read_answers(const std::string& file, const detection::Set& set, Terminal& terminal) {
  detection::Findings findings;
  auto answers = detection::read_detections(file, set, findings);
  for (const auto& [kind, finding] : findings.kinds()) {
    const bool elsewhere = kind == "unknown-image" || kind == "unknown-category";
    if (finding.severity == detection::Severity::left_out && (!elsewhere || answers.detections.empty()))
      throw DataError("data", "{}: {} {}, the first: {}. {}", file, finding.count, kind, finding.examples.front(),
                      elsewhere ? "No detection is left: is it of this ground truth?"
                                : "A score of the rest would not be the detector's.");
  }
  tell(findings, file, terminal);
  if (answers.detections.empty()) terminal.note({fmt::format("{} has no detection", file)});
  return answers;
}

std::string percent(double share) {
  return share < 0 || !std::isfinite(share) ? "-" : fmt::format("{:.1f}", 100 * share);
}

std::string percent(const Interval& interval) {
  return fmt::format("{:.1f} to {:.1f}", 100 * interval.low, 100 * interval.high);
}

}  // namespace graft::cli
