// Scores of whole rows of probabilities and logits.
#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/statistics/calibration.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

void require_labels(std::string_view what, std::span<const double> values, int64_t classes,
                    std::span<const int64_t> labels) {
  require_table(what, values, static_cast<int64_t>(labels.size()), classes);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw DataError("statistics", "label {} of {} is {}: expected a class from 0 to {}.", i + 1, labels.size(),
                      labels[i], classes - 1);
  }
}

// At this beta: the mean log-likelihood, and its slope, mean of sum_k p_k (z_label - z_k).
struct Likelihood {
  double value = 0, slope = 0;
};
Likelihood likelihood_at(double beta, std::span<const double> logits, size_t classes, std::span<const int64_t> labels) {
  Likelihood mean;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const double own = row[static_cast<size_t>(labels[i])], largest = *std::max_element(row.begin(), row.end());
    double sum = 0, slope = 0;
    for (const double z : row) {
      const double share = std::exp(beta * (z - largest));
      sum += share;
      slope += share * (own - z);
    }
    mean.value += beta * (own - largest) - std::log(sum);
    mean.slope += slope / sum;
  }
  const double n = static_cast<double>(labels.size());
  return {mean.value / n, mean.slope / n};
}

}  // namespace

double brier_score(std::span<const double> probabilities, int64_t classes, std::span<const int64_t> labels) {
  require_labels("probability", probabilities, classes, labels);
  double sum = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) {
    const bool own = static_cast<int64_t>(i) % classes == labels[i / static_cast<size_t>(classes)];
    sum += (probabilities[i] - own) * (probabilities[i] - own);
  }
  return sum / static_cast<double>(labels.size());
}

double negative_log_likelihood(std::span<const double> probabilities, int64_t classes,
                               std::span<const int64_t> labels) {
  require_labels("probability", probabilities, classes, labels);
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i)
    sum -= std::log(probabilities[i * static_cast<size_t>(classes) + static_cast<size_t>(labels[i])]);
  return sum / static_cast<double>(labels.size());
}

Temperature fit_temperature(std::span<const double> logits, int64_t classes, std::span<const int64_t> labels,
                            double cap) {
  require_labels("logit", logits, classes, labels);
  if (!(cap > 1)) throw UsageError("statistics", "a cap of {}: expected a number above 1.", cap);
  const auto at = [&](double beta) { return likelihood_at(beta, logits, static_cast<size_t>(classes), labels); };
  Temperature result;
  result.before = -at(1).value;
  double low = 1 / cap, high = cap;
  if (at(high).slope >= 0) {
    result.beta = high;
    result.capped = true;
  } else if (at(low).slope <= 0) {
    result.beta = low;
    result.capped = true;
  } else {
    while (true) {
      result.beta = low + (high - low) / 2;
      if (result.beta == low || result.beta == high) break;
      (at(result.beta).slope > 0 ? low : high) = result.beta;
    }
  }
  result.temperature = 1 / result.beta;
  result.after = -at(result.beta).value;
  return result;
}

}  // namespace graft::statistics
