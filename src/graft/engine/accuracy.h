// How often predictions are right, and how well that is known.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "graft/engine/predictions.h"

namespace graft::engine {

struct Interval {
  double low = 0;
  double high = 1;
};

// 95 % score interval of a proportion (Wilson 1927); [0, 1] when nothing was counted.
Interval wilson_interval(int64_t correct, int64_t count);

struct Scores {
  int64_t count = 0;
  int64_t correct = 0;
  double accuracy = 0;  // in [0, 1], as the interval
  Interval interval;
  double mean_per_class = 0;                                 // over the classes that occur
  double loss = 0;                                           // mean cross-entropy
  std::vector<int64_t> class_count, class_correct;           // [C]
  std::map<std::pair<int64_t, int64_t>, int64_t> confusion;  // (label, predicted) -> photos, where there are any
};

// Of equal scores the lower class counts as predicted.
Scores score(const Predictions& predictions);

}  // namespace graft::engine
