// Evidence over test items, or any differences in [-1, 1]: bets against "their mean is m". The wealth of twenty
// gamblers, each with one stake for good, is averaged (discrete Kelly; Waudby-Smith & Ramdas 2024, arXiv:2010.09686):
//   prod(1 + k/11 (d - m) / (1 + m)) and prod(1 - k/11 (d - m) / (1 - m)), k = 1 .. 10.
// Items come in an order fixed before (a hash of the item). Not for accuracies of seeds: a gain of two points grows it
// by two per cent a pair at most.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "graft/core/interval.h"

namespace graft::statistics {

// Against a mean of 0.
class ItemBetting {
 public:
  struct State {
    int64_t items = 0;
    double largest = 1;
    std::array<double, 20> log_wealth = {};  // k = 1 .. 10 for, then against
  };

  ItemBetting() = default;
  explicit ItemBetting(const State& state) : state_(state) {}

  void add(double difference);  // DataError, and no change, outside [-1, 1]
  double value() const;
  double anytime_p() const;
  const State& state() const { return state_; }

 private:
  State state_;
};

// The value after all of `differences` against a mean of m, -1 < m < 1.
double item_betting_value(std::span<const double> differences, double m);

// The means that all of `differences` together do not refute, to neighbouring doubles; [-1, 1] for none.
Interval item_betting_interval(std::span<const double> differences, double alpha = 0.05);
// The means that were not refuted after any of them either, in their order: narrower, and as good. None where nothing
// is left: the items' mean has moved on the way.
std::optional<Interval> item_betting_sequence(std::span<const double> differences, double alpha = 0.05);

}  // namespace graft::statistics
