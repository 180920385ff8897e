#include "graft/engine/accuracy.h"

#include <algorithm>
#include <cmath>

namespace graft::engine {

double ClassCounts::accuracy() const {
  return count > 0 ? static_cast<double>(correct) / static_cast<double>(count) : 0;
}

double ClassCounts::mean_per_class() const {
  double sum = 0;
  int64_t present = 0;
  for (size_t c = 0; c < class_count.size(); ++c) {
    if (class_count[c] == 0) continue;
    ++present;
    sum += static_cast<double>(class_correct[c]) / static_cast<double>(class_count[c]);
  }
  return present > 0 ? sum / static_cast<double>(present) : 0;
}

ClassCounts count_classes(const Predictions& predictions) {
  ClassCounts counts;
  const auto probabilities = predictions.probabilities.contiguous();
  const int64_t width = probabilities.size(1);
  counts.class_count.assign(static_cast<size_t>(predictions.classes()), 0);
  counts.class_correct = counts.class_count;
  const float* row = probabilities.const_data_ptr<float>();
  for (size_t i = 0; i < predictions.labels.size(); ++i, row += width) {
    const int64_t label = predictions.labels[i];
    if (label < 0) continue;
    const auto truth = static_cast<size_t>(label);
    const bool all = !predictions.best.defined();
    const auto at = static_cast<int64_t>(i);
    const int64_t predicted = all ? std::max_element(row, row + width) - row : predictions.best[at][0].item<int64_t>();
    ++counts.count;
    ++counts.class_count[truth];
    ++counts.confusion[{label, predicted}];
    if (predicted == label) {
      ++counts.correct;
      ++counts.class_correct[truth];
    }
    // The smallest float that is not denormal: a confident mistake costs 87, not infinity.
    const double probability = all ? row[truth] : predictions.of_label[at].item<float>();
    counts.loss -= std::log(std::max(probability, 1.17549435e-38));
  }
  if (counts.count > 0) counts.loss /= static_cast<double>(counts.count);
  return counts;
}

Scores score(const ClassCounts& counts) {
  return {.count = counts.count,
          .loss = counts.loss,
          .all = {{"accuracy", counts.accuracy(), wilson_interval(counts.correct, counts.count)},
                  {"mean_per_class", counts.mean_per_class()}}};
}

}  // namespace graft::engine
