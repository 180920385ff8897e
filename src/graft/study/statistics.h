// What a comparison may claim. Two methods are compared on the same seeds, splits and data sets: the differences are
// what counts. Intervals are 95 %; a p-value of several is corrected after Holm (1979).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::study {

struct Summary {
  int64_t count = 0;
  double mean = 0;
  double deviation = 0;  // of the sample, n - 1
  Interval interval;     // of the mean, Student's t; infinitely wide for one value
};
Summary summarise(std::span<const double> values);

// The mean's interval by resampling, percentiles (Efron 1979). Below about ten values it is narrower than it should be:
// shown beside the t interval, never instead of it.
Interval bootstrap_interval(std::span<const double> values, Random random);

// Two-sided p-values of "the differences are symmetric around 0".
// sign_flip: the mean, over all 2^n signs (n <= 20), else over 100,000 drawn ones. With n < 6 it cannot reach 0.05
// (2 / 2^n): the least number of seeds for a claim.
double sign_flip_p(std::span<const double> differences, Random random);
// Wilcoxon's signed ranks (1945): zeros dropped, ties share their rank; exact to n = 50, else normal with correction.
double wilcoxon_p(std::span<const double> differences);

// Holm's adjusted p-values, in the order given.
std::vector<double> holm(const std::vector<double>& p);

// Of the mean over the classes of the share that is right: normal, from each class's own binomial variance, which is
// taken at (correct + 1) / (count + 2) so that a class that is all right is not taken for certain. Classes of which
// nothing was counted are left out.
struct Share {
  int64_t correct = 0, count = 0;
};
Interval mean_share_interval(std::span<const Share> classes);

// How many pairs a t test at 0.05 needs to see this difference with probability 0.8; 0 when it can never be seen.
int64_t pairs_needed(double mean, double deviation);

struct Comparison {
  Summary difference;  // of first - second
  Interval bootstrap;
  double p_sign_flip = 1;
  double p_wilcoxon = 1;
  int64_t needed = 0;
  // At least six pairs, and an interval that does not hold 0.
  bool shown() const;
};
// UsageError unless both have one value for each of the same runs.
Comparison compare(std::span<const double> first, std::span<const double> second, Random random);

}  // namespace graft::study
