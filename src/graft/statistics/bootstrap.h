// Intervals by resampling (Efron 1979, 1987). For items of a test set, and for quantities without a formula (mAP, mIoU,
// F1). Not for seeds: over five values percentile and BCa cover 84 % and 83 % of the time where they say 95 %.
//
// Each replicate has random streams of its own, keyed (replicate, sample): the same numbers in any order of work.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::statistics {

// Quantile of ascending values, linear between neighbours (Hyndman & Fan 1996, type 7). UsageError for none.
double quantile(std::span<const double> ascending, double share);

// The middle `confidence` of a bootstrap distribution, which need not be in order.
Interval percentile_interval(std::span<const double> distribution, double confidence = 0.95);

struct Bca {
  Interval interval;                     // the estimate alone where degenerate
  double bias = 0;                       // z0
  double low_level = 0, high_level = 1;  // of the distribution's quantiles
  // All replicates are equal, or the estimate lies outside of all: there is no interval, and it is said so.
  bool degenerate = false;
};
// Bias-corrected and accelerated (Efron 1987).
Bca bca_interval(std::span<const double> distribution, double estimate, double acceleration, double confidence = 0.95);

// The acceleration from what the statistic is without each value, one list a sample: with U = (n - 1) (mean - value),
// sum_j sum U^3 / n_j^3 over 6 (sum_j sum U^2 / n_j^2)^1.5 (Efron 1987; several samples as SciPy). 0 where all are
// equal.
double acceleration(std::span<const std::vector<double>> without_each);

using Samples = std::vector<std::vector<double>>;
using Statistic = std::function<double(const Samples&)>;

struct Bootstrap {
  double estimate = 0;
  std::vector<double> distribution;  // ascending
  Interval percentile;
  Bca bca;
};
// Each sample is resampled on its own. DataError for a value or a statistic that is not finite.
Bootstrap bootstrap(const Samples& samples, const Statistic& statistic, int64_t resamples, const Random& random,
                    double confidence = 0.95);

}  // namespace graft::statistics
