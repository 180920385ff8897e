// What a number of pairs can show, for the paired t test, two-sided. An effect is a difference over the standard
// deviation of the differences of pairs.
#pragma once

#include <cstdint>
#include <span>

#include "graft/core/random.h"

namespace graft::statistics {

// The probability that p <= alpha over n pairs: E_u[Phi(e sqrt n - t sqrt(u/v)) + Phi(-e sqrt n - t sqrt(u/v))], u
// chi-squared with v = n - 1 degrees of freedom, t its test's quantile. By integration: n >= 2.
double paired_t_power(int64_t pairs, double effect, double alpha = 0.05);

// The fewest pairs with that power; 0 where none up to a million has it.
int64_t pairs_for_effect(double effect, double power = 0.8, double alpha = 0.05);
// The same for a mean and a deviation in one unit; 2 where the deviation is 0, 0 where the mean is.
int64_t pairs_needed(double mean, double deviation);
// Guenther's formula (1981), rounded up: (z_(1-alpha/2) + z_power)^2 / e^2 + z_(1-alpha/2)^2 / 2. At large effects it
// may be one short.
int64_t guenther_pairs(double effect, double power = 0.8, double alpha = 0.05);
// The least effect that so many pairs show with that power.
double least_detectable_effect(int64_t pairs, double power = 0.8, double alpha = 0.05);

// A pilot's deviation is itself uncertain: its one-sided upper bound, s sqrt((n - 1) / chi2_(1 - confidence, n - 1)).
double deviation_upper_bound(double deviation, int64_t pairs, double confidence = 0.8);

// Power of the sign-flip test itself, by `studies` simulated ones; error is the standard error.
struct SimulatedPower {
  double power = 0, error = 0;
  bool normal = false;  // drawn from a normal law, not from a pilot
};
SimulatedPower sign_flip_power(int64_t pairs, double effect, const Random& random, int64_t studies = 2'000,
                               double alpha = 0.05);
// Differences drawn from a pilot's, centred, with `difference` added. A pilot of fewer than eight is too few for that:
// then from a normal law with its deviation, which `normal` says.
SimulatedPower sign_flip_power(int64_t pairs, std::span<const double> pilot, double difference, const Random& random,
                               int64_t studies = 2'000, double alpha = 0.05);

}  // namespace graft::statistics
