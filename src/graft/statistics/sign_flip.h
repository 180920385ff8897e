// The sign-flip permutation test of paired differences (Fisher 1935; Pitman 1937): the null is that the two methods of
// a pair could be swapped, and p is the share of the 2^n signs whose sum is as far out as the one seen. Zeros are
// inert: with m differences that are not 0 no p below 2 / 2^m can come out, so six are the least for 0.05.
//
// Give accuracies as whole items won (A right and B wrong, less the other way round): floats break ties. Exact where
// the sums can be counted (by convolution, or from two halves up to 40 differences), otherwise from 99,999 drawn signs
// as (b + 1) / (B + 1) (Phipson & Smyth 2010), the same for the same `random`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::statistics {

enum class Tail {
  both,     // sums as far from 0
  greater,  // sums as large
};

struct SignFlip {
  double p = 1;
  int64_t pairs = 0, nonzero = 0;
  double smallest = 1;  // the least p that so many non-zero differences can give
  bool exact = true;
  double error = 0;  // standard error of a drawn p
};

SignFlip sign_flip(std::span<const int64_t> differences, Tail tail, Random random);
// Sums within 1e-12 of the sum of magnitudes count as equal. DataError for a value that is not finite.
SignFlip sign_flip(std::span<const double> differences, Tail tail, Random random);

// Several sets, each (set, seed) pair flipped alone; the statistic is the mean over sets of the mean over seeds of
// won / items. Sets of different sizes are brought to one scale in whole numbers where it fits 64 bits.
struct SetDifferences {
  std::span<const int64_t> won;  // items won, one a seed
  int64_t items = 1;             // of the test set
};
SignFlip stratified_sign_flip(std::span<const SetDifferences> sets, Tail tail, Random random);

// The centre's interval: the thetas that the two-sided test of (d - theta) does not reject, exact under symmetry. Its
// ends are order statistics of the 2^n - 1 means of non-empty subsets (Hartigan 1969): all of them up to 40
// differences, otherwise 99,999 drawn ones. None where even the widest covers less (95 %: five differences or fewer).
struct SignFlipInterval {
  Interval interval;
  double coverage = 0;  // what it covers in truth: `confidence` or a little more
  bool exact = true;
};
std::optional<SignFlipInterval> sign_flip_interval(std::span<const double> differences, double confidence,
                                                   Random random);

}  // namespace graft::statistics
