// What `data evaluate` and `data compare` share: which rules are meant, what is read, and how numbers are shown.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/cli/terminal.h"
#include "graft/core/interval.h"
#include "graft/detection/detections.h"
#include "graft/detection/evaluation_rules.h"
#include "graft/detection/set.h"

namespace graft::cli {

enum class Rules { coco, lvis, openimages };
std::vector<std::pair<Rules, std::string>> choices(Rules);

struct ScoringOptions {
  std::string ground_truth;
  Rules rules = Rules::coco;
  bool federated = false;
  bool masks = false, keypoints = false;
  bool aspects = false;
  bool as_pycocotools = false;
  int64_t resamples = 1000;
  int64_t seed = 1;
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, ScoringOptions& o) {
  visit("ground-truth", o.ground_truth, "the labelled set: COCO's or LVIS's JSON, or another format that graft reads");
  visit("rules", o.rules,
        "coco: 100 detections of a class in an image; lvis: 300 in an image, and its own "
        "numbers; openimages: at an overlap above .5, groups found once (data evaluate only)");
  visit("federated", o.federated,
        "COCO's numbers on a merged set: detections of classes that nobody looked for in an image are ignored");
  visit("masks", o.masks, "compare masks, in place of boxes");
  visit("keypoints", o.keypoints, "compare the 17 points of people, in place of boxes");
  visit("aspects", o.aspects, "tall, square and wide boxes apart, beside small, medium and large ones");
  visit("as-pycocotools", o.as_pycocotools,
        "count as wrong who finds an object with id 0, and take the last of annotations with one id, as it does");
  visit("resamples", o.resamples, "draws of images behind the intervals; 0: none");
  visit("seed", o.seed, "of these draws");
  visit("threads", o.threads, "threads; the numbers do not depend on it");
}

// UsageError or ConfigError for options that contradict.
detection::EvaluationRules rules_of(const ScoringOptions& options);
// DataError for a set of which something must be left out, and for answers but those of other images and classes, which
// are told: what was scored is all that was meant. Suspicions are told; rules are held against the set's labels.
detection::Set read_truth(const ScoringOptions& options, const detection::EvaluationRules& rules, Terminal& terminal);
detection::Detections read_answers(const std::string& file, const detection::Set& set, Terminal& terminal);

std::string percent(double share);              // "41.3", "-" below 0
std::string percent(const Interval& interval);  // "40.1 to 42.6"

}  // namespace graft::cli
