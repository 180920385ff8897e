// Differences of two methods over seeds and over test items at once. All seeds share the items, so more seeds never
// shrink what the items add: an interval over seeds speaks of this test set, these speak of this kind of data.
//
// d(seed, item) is 1 where only the first method is right, -1 where only the second is, else 0; or any difference of
// scores of one item. Row-major, a row a seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::statistics {

// Both drawn at random and crossed (two-way random effects, one value a cell; Satterthwaite 1946):
//   MS_s = I sum_s (d_s. - d..)^2 / (S - 1), MS_i = S sum_i (d_.i - d..)^2 / (I - 1), MS_e of the rest;
//   Var(d..) = max(MS_s + MS_i - MS_e, MS_s, MS_i) / (S I)
//   freedom  = (MS_s + MS_i - MS_e)^2 / (MS_s^2 / (S - 1) + MS_i^2 / (I - 1) + MS_e^2 / ((S - 1) (I - 1))), 1 at least
struct Crossed {
  double mean = 0;
  double seeds = 0, items = 0, rest = 0;  // mean squares
  double variance = 0;                    // of the mean
  double freedom = 1;
  Interval interval;
  bool identical = false;  // all cells are equal: the interval is the point, and means nothing
};
// UsageError for fewer than two seeds or items. Six seeds and a hundred items are what it was tried on.
Crossed crossed_interval(std::span<const double> differences, int64_t seeds, int64_t items, double confidence = 0.95);

// One set for the bootstrap below.
struct CrossedSet {
  std::span<const double> differences;  // seeds x items
  int64_t seeds = 1, items = 1;
  std::span<const int64_t> groups =
      {};  // one number an item: items that are drawn together (frames of a clip); or none
};

enum class SetDrawing {
  drawn,  // sets are a sample: "on sets like these"
  fixed,  // "on these sets"
};

// The means of `resamples` replicates, in the order of their numbers: (sets drawn) -> in each its seeds drawn, and its
// items drawn once, the same for all of its seeds -> mean over the grid -> mean over sets, equal weights. Groups are
// drawn whole, and count by their items. For its percentiles see bootstrap.h.
std::vector<double> crossed_bootstrap(std::span<const CrossedSet> sets, SetDrawing drawing, int64_t resamples,
                                      const Random& random);

}  // namespace graft::statistics
