#include "graft/engine/accuracy.h"

#include <algorithm>
#include <cmath>

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
  const int64_t width = probabilities.size(1);
  scores.class_count.assign(static_cast<size_t>(predictions.classes()), 0);
  scores.class_correct = scores.class_count;
  const float* row = probabilities.const_data_ptr<float>();
  for (size_t i = 0; i < predictions.labels.size(); ++i, row += width) {
    const int64_t label = predictions.labels[i];
    if (label < 0) continue;
    const auto truth = static_cast<size_t>(label);
    const bool all = !predictions.best.defined();
    const auto at = static_cast<int64_t>(i);
    const int64_t predicted = all ? std::max_element(row, row + width) - row : predictions.best[at][0].item<int64_t>();
    ++scores.count;
    ++scores.class_count[truth];
    ++scores.confusion[{label, predicted}];
    if (predicted == label) {
      ++scores.correct;
      ++scores.class_correct[truth];
    }
    // The smallest float that is not denormal: a confident mistake costs 87, not infinity.
    const double probability = all ? row[truth] : predictions.of_label[at].item<float>();
    scores.loss -= std::log(std::max(probability, 1.17549435e-38));
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

}  // namespace graft::engine
