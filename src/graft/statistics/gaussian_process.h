// The e-process of normal differences with an unknown deviation: the t statistic's likelihood with an effect drawn from
// N(0, g) over that with none (right-Haar prior; Wang & Ramdas 2023, arXiv:2310.03722):
//   E_n = (1 + n g)^(-1/2) ((1 + x) / (1 + x / (1 + n g)))^(n / 2), x = t^2 / (n - 1); E_1 = 1.
// Fair for one who sees only the t so far: stop by them, not by the sizes of the differences.
#pragma once

#include <cstdint>
#include <optional>

#include "graft/core/interval.h"

namespace graft::statistics {

class GaussianProcess {
 public:
  struct State {
    int64_t pairs = 0;
    double mean = 0, squares = 0;  // of the differences; squares of the distances from the mean, summed
    double largest = 1;
  };

  explicit GaussianProcess(double g = 1) : g_(g) {}
  GaussianProcess(const State& state, double g) : state_(state), g_(g) {}

  void add(double difference);  // DataError, and no change, where it is not finite
  double value() const;
  double anytime_p() const;
  // The means that are not refuted, where value() of (d - theta) lies below 1 / alpha; none while that is all of them:
  // (sqrt(1 + n g) / alpha)^(2 / n) >= 1 + n g.
  std::optional<Interval> interval(double alpha = 0.05) const;
  const State& state() const { return state_; }

 private:
  State state_;
  double g_;
};

}  // namespace graft::statistics
