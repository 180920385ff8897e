#include "graft/engine/accuracy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graft::engine {

Interval wilson_interval(int64_t correct, int64_t count) {
  if (count == 0) return {};
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const auto n = static_cast<double>(count);
  const double p = static_cast<double>(correct) / n;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Scores score(const Predictions& predictions) {
  Scores scores;
  const auto probabilities = predictions.probabilities.contiguous();
  const int64_t classes = probabilities.size(1);
  scores.class_count.assign(static_cast<size_t>(classes), 0);
  scores.class_correct = scores.class_count;
  scores.confusion.assign(static_cast<size_t>(classes), scores.class_count);
  const float* row = probabilities.const_data_ptr<float>();
  for (const int64_t label : predictions.labels) {
    if (label >= 0) {
      const auto predicted = static_cast<size_t>(std::max_element(row, row + classes) - row);
      const auto truth = static_cast<size_t>(label);
      ++scores.count;
      ++scores.class_count[truth];
      ++scores.confusion[truth][predicted];
      if (predicted == truth) {
        ++scores.correct;
        ++scores.class_correct[truth];
      }
      // The smallest float that is not denormal: a confident mistake costs 87, not infinity.
      scores.loss -= std::log(std::max(static_cast<double>(row[truth]), 1.17549435e-38));
    }
    row += classes;
  }
  scores.interval = wilson_interval(scores.correct, scores.count);
  if (scores.count == 0) return scores;
  scores.accuracy = static_cast<double>(scores.correct) / static_cast<double>(scores.count);
  scores.loss /= static_cast<double>(scores.count);
  int64_t present = 0;
  for (size_t c = 0; c < scores.class_count.size(); ++c) {
    if (scores.class_count[c] == 0) continue;
    ++present;
    scores.mean_per_class += static_cast<double>(scores.class_correct[c]) / static_cast<double>(scores.class_count[c]);
  }
  scores.mean_per_class /= static_cast<double>(present);
  return scores;
}

std::vector<std::pair<int64_t, double>> top(const at::Tensor& probabilities, int64_t row, int64_t k) {
  const auto values = probabilities.select(0, row).contiguous();
  const float* p = values.const_data_ptr<float>();
  std::vector<int64_t> order(static_cast<size_t>(values.numel()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [p](int64_t a, int64_t b) { return p[a] > p[b]; });
  std::vector<std::pair<int64_t, double>> best;
  for (int64_t i = 0; i < std::min<int64_t>(k, values.numel()); ++i) {
    best.emplace_back(order[static_cast<size_t>(i)], p[order[static_cast<size_t>(i)]]);
  }
  return best;
}

}  // namespace graft::engine
