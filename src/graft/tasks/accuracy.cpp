#include "graft/tasks/accuracy.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "graft/tasks/jackknife.h"

namespace graft::tasks {

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
    if (!predictions.groups.empty() && !predictions.groups[i].empty()) {
      auto& group = counts.groups[predictions.groups[i]];
      ++group.count;
      group.correct += predicted == label ? 1 : 0;
    }
    ++counts.count;
    ++counts.class_count[truth];
    ++counts.confusion[{label, predicted}];
    for (const auto& [likely, probability] : top(predictions, at, 5))
      counts.among_five += likely == label ? 1 : 0;
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

namespace {

// How often each class occurs, is predicted, and is both; what F1 and Matthews' coefficient hang on.
struct Margins {
  std::vector<double> truth, predicted, both;

  explicit Margins(const ClassCounts& counts)
      : truth(counts.class_count.size()), predicted(truth.size()), both(truth.size()) {
    for (const auto& [pair, count] : counts.confusion)
      add(pair, static_cast<double>(count));
  }
  void add(const std::pair<int64_t, int64_t>& pair, double count) {
    truth[static_cast<size_t>(pair.first)] += count;
    predicted[static_cast<size_t>(pair.second)] += count;
    if (pair.first == pair.second) both[static_cast<size_t>(pair.first)] += count;
  }

  double macro_f1() const {
    double sum = 0;
    int64_t counted = 0;
    for (size_t c = 0; c < truth.size(); ++c) {
      if (truth[c] + predicted[c] == 0) continue;
      sum += 2 * both[c] / (truth[c] + predicted[c]);
      ++counted;
    }
    return counted > 0 ? sum / static_cast<double>(counted) : 0;
  }

  double mcc() const {
    double n = 0, right = 0, cross = 0, squares_truth = 0, squares_predicted = 0;
    for (size_t c = 0; c < truth.size(); ++c) {
      n += truth[c];
      right += both[c];
      cross += truth[c] * predicted[c];
      squares_truth += truth[c] * truth[c];
      squares_predicted += predicted[c] * predicted[c];
    }
    const double below = (n * n - squares_truth) * (n * n - squares_predicted);
    return below > 0 ? (n * right - cross) / std::sqrt(below) : 0;
  }
};

Score worst_of(const std::map<std::string, GroupCount>& groups) {
  const auto share = [](const GroupCount& group) {
    return static_cast<double>(group.correct) / static_cast<double>(group.count);
  };
  const auto worst = std::ranges::min_element(groups, {}, [&](const auto& group) { return share(group.second); });
  return {"worst_group", share(worst->second), wilson_interval(worst->second.correct, worst->second.count)};
}

// Work above which an interval is not worth its time: cells of the confusion matrix times classes.
constexpr size_t kMostWork = 20'000'000;

void add_margin_intervals(Scores& scores, const ClassCounts& counts) {
  if (counts.count < 2 || counts.confusion.size() * counts.class_count.size() > kMostWork) return;
  Margins margins(counts);
  std::vector<double> f1, mcc;
  std::vector<int64_t> weights;
  for (const auto& [pair, count] : counts.confusion) {
    margins.add(pair, -1);
    f1.push_back(margins.macro_f1());
    mcc.push_back(margins.mcc());
    weights.push_back(count);
    margins.add(pair, 1);
  }
  scores.all[2].interval = jackknife_interval(scores.all[2].value, f1, weights, {0, 1});
  scores.all[3].interval = jackknife_interval(scores.all[3].value, mcc, weights, {-1, 1});
}

}  // namespace

double ClassCounts::macro_f1() const {
  return Margins(*this).macro_f1();
}

double ClassCounts::mcc() const {
  return Margins(*this).mcc();
}

Scores score(const ClassCounts& counts, bool intervals) {
  Scores scores{.count = counts.count,
                .loss = counts.loss,
                .all = {{"accuracy", counts.accuracy(), wilson_interval(counts.correct, counts.count)},
                        {"mean_per_class", counts.mean_per_class()},
                        {"macro_f1", counts.macro_f1()},
                        {.name = "mcc", .value = counts.mcc(), .is_share = false}}};
  if (intervals) add_margin_intervals(scores, counts);
  if (intervals && counts.class_count.size() > 5 && counts.count > 0) {
    scores.all.push_back({"top5", static_cast<double>(counts.among_five) / static_cast<double>(counts.count),
                          wilson_interval(counts.among_five, counts.count)});
  }
  if (!counts.groups.empty()) scores.all.insert(scores.all.begin() + 1, worst_of(counts.groups));
  return scores;
}

std::vector<int64_t> surest_mistakes(const Predictions& predictions, size_t most) {
  std::vector<std::pair<double, int64_t>> wrong;
  for (int64_t row = 0; row < static_cast<int64_t>(predictions.files.size()); ++row) {
    const auto [predicted, probability] = top(predictions, row, 1).front();
    const int64_t truth = predictions.labels[static_cast<size_t>(row)];
    if (truth >= 0 && predicted != truth) wrong.emplace_back(probability, row);
  }
  std::ranges::stable_sort(wrong, std::greater<>(), [](const auto& mistake) { return mistake.first; });
  std::vector<int64_t> rows;
  for (size_t i = 0; i < std::min(most, wrong.size()); ++i)
    rows.push_back(wrong[i].second);
  return rows;
}

}  // namespace graft::tasks
