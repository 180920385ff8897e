// Average precision over other draws of images (Efron 1979): the images are drawn again with replacement, the matches
// of each stay what they are, and precision is read from the sorted scores with the images' counts as weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graft/core/interval.h"
#include "graft/detection/evaluation.h"

namespace graft::detection {

// AP of images that count `weight` times each: what average_precision() is for equal weights. Evaluations with outcomes
// only (UsageError).
struct WeightedPrecision {
  double all = -1;    // over all thresholds; -1: no objects
  double first = -1;  // at the first threshold, AP50
};
WeightedPrecision weighted_precision(const Evaluation& evaluation, std::span<const double> weights);

struct Resampled {
  std::vector<double> all, first;  // one a draw
};
// The k-th draw is the same for every evaluation of one set: differences of two are paired. `in_use`: as in
// EvaluationOptions.
Resampled resample(const Evaluation& evaluation, std::size_t images, std::size_t draws, std::uint64_t seed,
                   int threads = 1, const std::vector<bool>& in_use = {});

// The middle 95 % of the draws, moved so that their mean is the estimate: an image that is drawn twice brings its
// answers twice at one score, and AP of classes with few objects is higher for that. It says how much AP would vary on
// other sets of as many images.
Interval centred_interval(std::span<const double> draws, double estimate);

// How much higher the draws are on average: an estimate of how much higher AP of this set is than that of a very large
// one (Efron & Tibshirani 1993, chapter 10). The interval less this is for AP of the large one.
double resampling_bias(std::span<const double> draws, double estimate);

}  // namespace graft::detection
