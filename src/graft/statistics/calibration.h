// Whether a model's confidences are what comes true. `confidences` are of the answer given (top label), in [0, 1];
// `right` says 1 where it is right, else 0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

enum class Bins {
  width,  // equal parts of [0, 1], each (low, high]: a confidence of 0 falls in none
  mass,   // as many items each, in the order of confidence, then of the items given
};

struct CalibrationBin {
  double confidence = 0, accuracy = 0;  // means
  int64_t items = 0;
};

struct CalibrationError {
  double error = 0;     // expected calibration error: sum of n_b / N |accuracy_b - confidence_b| (Naeini et al. 2015)
  double squared = 0;   // sum of n_b / N (accuracy_b - confidence_b)^2
  double debiased = 0;  // that less accuracy_b (1 - accuracy_b) / (n_b - 1), bins of two or more (Kumar et al. 2019);
                        // may be negative: its root is taken of max(0, .)
  // What `error` is on average where every item is right with exactly its confidence: it is not 0, and has to be
  // printed beside it. Exact in bins of up to 1,000 items, by the normal law in larger ones.
  double expected_if_calibrated = 0;
  std::vector<CalibrationBin> bins;  // those that hold items, by rising confidence
};
CalibrationError calibration_error(std::span<const double> confidences, std::span<const uint8_t> right,
                                   int64_t bins = 15, Bins kind = Bins::width);

// Probabilities row-major, a row an item; labels from 0. Means over the items.
// Brier 1950: the squares are summed over the classes, 0 to 2 (for two classes twice the binary score).
double brier_score(std::span<const double> probabilities, int64_t classes, std::span<const int64_t> labels);
// In nats; infinite where a label has probability 0.
double negative_log_likelihood(std::span<const double> probabilities, int64_t classes, std::span<const int64_t> labels);

// One temperature for all logits (Guo et al. 2017), which leaves every ranking as it is: the beta = 1 / T with the
// least negative log-likelihood, where mean(z_label - sum_k p_k z_k) is 0, by bisection. Fit it on validation, never on
// test.
struct Temperature {
  double beta = 1, temperature = 1;
  double before = 0, after = 0;  // negative log-likelihood at T = 1 and at T
  bool capped =
      false;  // there is no such beta inside [1 / cap, cap]: all items are right (or their logits say nothing)
};
Temperature fit_temperature(std::span<const double> logits, int64_t classes, std::span<const int64_t> labels,
                            double cap = 1'000);

}  // namespace graft::statistics
