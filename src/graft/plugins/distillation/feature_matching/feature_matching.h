// A teacher's features as hints (Romero et al. 2015, FitNets, arXiv:1412.6550, eq. 3): ½ |t - r(s)|², r a linear map
// that trains with the student where its features have another width. The paper trains the lower half of a network by
// that first; here it stands beside the task's loss, at the features that the head reads.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/plugins/distillation/distillation.h"

namespace graft::plugins::feature_matching {

enum class Measure {
  squared,  // ½ |t - r(s)|²
  cosine,   // 1 - cos(t, r(s)): the same of rows of length 1
};
std::vector<std::pair<Measure, std::string>> choices(Measure);

struct Options {
  double weight = 1;
  Measure measure = Measure::squared;
  std::optional<bool> regressor = {};
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("weight", o.weight, "what it counts beside the task's loss");
  visit("measure", o.measure, "of features as they are (squared), or brought to length 1 (cosine)");
  visit("regressor", o.regressor,
        "whether a linear map, which trains besides, stands behind the student's features (default: where the widths "
        "differ)");
}

extern const DistillationEntry entry;

}  // namespace graft::plugins::feature_matching
