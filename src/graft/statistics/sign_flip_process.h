// The e-process of paired differences over seeds. Its null is that of the sign-flip test: each difference is symmetric
// around 0 (the recipes are exchangeable), which a mean of 0 alone is not. The sizes may be anything, and need not be
// known before.
//
// Each difference multiplies the wealth of eight bets by 1 +- tanh(lambda d / s), s the root mean square of the
// differences so far, this one too, lambda in {1/2, 1, 2, 4}; the value is the mean of the eight. Fair, since the sign
// is the last thing to be known (Vovk & Wang 2022, arXiv:2208.08925; this mixture is ours). It can at most double: six
// pairs are the least for 20.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "graft/core/interval.h"

namespace graft::statistics {

class SignFlipProcess {
 public:
  static constexpr std::array<double, 4> kLambdas = {0.5, 1, 2, 4};
  // All there is to keep between two pairs: restored, it goes on to the same bits.
  struct State {
    int64_t pairs = 0;
    double squares = 0;                     // of the differences, summed
    double largest = 1;                     // value so far
    std::array<double, 8> log_wealth = {};  // of each lambda, for then against
  };

  SignFlipProcess() = default;
  explicit SignFlipProcess(const State& state) : state_(state) {}

  void add(double difference);  // DataError, and no change, where it is not finite; 0 changes no wealth
  double value() const;
  double anytime_p() const;
  const State& state() const { return state_; }

 private:
  State state_;
};

// The centres theta that the process of (d - theta) has not refuted: where it lies below 1 / alpha. An end is infinite
// where no theta is far enough (95 %: five pairs or fewer, and six unless they agree). None in the odd case that every
// theta is refuted.
std::optional<Interval> sign_flip_sequence(std::span<const double> differences, double alpha = 0.05);

}  // namespace graft::statistics
