#include "graft/tasks/predictions.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/tasks/pixel_counts.h"
#include "graft/tensor/finite.h"
#include "graft/tensor/on_cpu.h"

namespace graft::tasks {
namespace {

// The classes of the k largest of `count` values, largest first, of equal ones the lower first.
std::vector<int64_t> largest(const float* values, int64_t count, int64_t k) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + std::min(k, count);
  std::partial_sort(order.begin(), end, order.end(),
                    [&](int64_t a, int64_t b) { return values[a] > values[b] || (values[a] == values[b] && a < b); });
  order.erase(end, order.end());
  return order;
}

std::vector<std::string> names_of(const data::Source& source) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < source.size(); ++i)
    names.push_back(source.name(i));
  return names;
}

std::vector<int64_t> labels_of(const data::Source& source) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < source.size(); ++i)
    labels.push_back(source.label(i));
  return labels;
}

std::vector<std::string> groups_of(const data::Source& source) {
  std::vector<std::string> groups;
  for (int64_t i = 0; i < source.size(); ++i)
    groups.push_back(source.group(i));
  const bool any = std::ranges::any_of(groups, [](const std::string& group) { return !group.empty(); });
  return any ? groups : std::vector<std::string>();
}

}  // namespace

int64_t prediction_bytes(int64_t examples, int64_t classes) {
  const int64_t kept =
      classes <= kAllScores ? classes : kBestScores * 3 + 1;  // of the best also whose, and the label's
  return examples * kept * static_cast<int64_t>(sizeof(float));
}

PredictionRows::PredictionRows(std::vector<std::string> files, std::vector<int64_t> labels, int64_t classes) {
  const auto examples = static_cast<int64_t>(files.size());
  const bool all = classes <= kAllScores;
  predictions_ = {std::move(files), std::move(labels),
                  at::empty({examples, all ? classes : kBestScores}, tensor::on_cpu())};
  predictions_.class_count = classes;
  if (all) return;
  predictions_.best = at::empty({examples, kBestScores}, tensor::on_cpu(at::kLong));
  predictions_.of_label = at::zeros({examples}, tensor::on_cpu());
}

PredictionRows::PredictionRows(const data::Source& source, data::Target target, int64_t outputs)
    : PredictionRows(names_of(source), labels_of(source), target == data::Target::label ? outputs : kAllScores) {
  predictions_.groups = groups_of(source);
  if (target == data::Target::label) return;
  predictions_.target = target;
  predictions_.class_count = outputs;
  if (target == data::Target::mask) {
    masks_ = &source;
    predictions_.probabilities.reset();
    predictions_.pixels = at::zeros({source.size(), 4, outputs}, tensor::on_cpu(at::kLong));
    predictions_.confusion = at::zeros({outputs, outputs}, tensor::on_cpu(at::kLong));
    return;
  }
  predictions_.probabilities = at::empty({source.size(), outputs}, tensor::on_cpu());
  predictions_.truth = at::full({source.size(), outputs}, std::nanf(""), tensor::on_cpu());
  for (int64_t i = 0; i < source.size(); ++i) {
    const auto values = source.values(i);
    GRAFT_ASSERT(values.empty() || static_cast<int64_t>(values.size()) == outputs);
    std::copy(values.begin(), values.end(), predictions_.truth[i].data_ptr<float>());
  }
}

void PredictionRows::add(const at::Tensor& logits) {
  const torch::NoGradGuard no_grad;
  auto& p = predictions_;
  const at::Tensor scores = logits.to(at::kFloat).contiguous();
  if (const auto bad = tensor::not_finite(scores.flatten(1)); bad.count > 0) {
    throw DivergenceError("predict", "{}: {} of its {} class scores are not finite (the first is {}). {}",
                          p.files[static_cast<size_t>(rows_ + bad.row)], bad.in_row, scores.numel() / scores.size(0),
                          bad.value, "What was trained holds numbers too large: train again with a smaller --lr.");
  }
  if (masks_) return add_masks(scores);
  if (p.target != data::Target::label) {
    p.probabilities.narrow(0, rows_, scores.size(0))
        .copy_(p.target == data::Target::labels ? torch::sigmoid(scores) : scores);
    rows_ += scores.size(0);
    return;
  }
  const at::Tensor probabilities = torch::softmax(scores, 1);
  const int64_t rows = probabilities.size(0), classes = probabilities.size(1);
  if (!p.best.defined()) {
    p.probabilities.narrow(0, rows_, rows).copy_(probabilities);
  } else {
    const float* row = probabilities.const_data_ptr<float>();
    auto kept = p.probabilities.accessor<float, 2>();
    auto best = p.best.accessor<int64_t, 2>();
    for (int64_t i = 0; i < rows; ++i, row += classes) {
      const auto order = largest(row, classes, kBestScores);
      for (int64_t j = 0; j < kBestScores; ++j) {
        best[rows_ + i][j] = order[static_cast<size_t>(j)];
        kept[rows_ + i][j] = row[order[static_cast<size_t>(j)]];
      }
      const int64_t label = p.labels[static_cast<size_t>(rows_ + i)];
      if (label >= 0) p.of_label.accessor<float, 1>()[rows_ + i] = row[label];
    }
  }
  rows_ += rows;
}

void PredictionRows::add_masks(const at::Tensor& logits) {
  auto& p = predictions_;
  for (int64_t i = 0; i < logits.size(0); ++i, ++rows_) {
    const auto answer = answer_pixels(logits[i], *masks_->mask(rows_));
    const auto counts = p.pixels[rows_];
    counts.narrow(0, 0, 3).copy_(sides_of(answer.confusion));
    auto* anywhere = counts[3].data_ptr<int64_t>();
    for (const auto pixel : answer.told.classes)
      ++anywhere[pixel];
    p.confusion += answer.confusion;
    p.pixel_loss += answer.loss;
    if (sink_) sink_(rows_, answer.told);
  }
}

at::Tensor mean_of_views(const at::Tensor& logits, int64_t views) {
  return torch::logsumexp(torch::log_softmax(logits.to(at::kFloat), 1).unflatten(0, {-1, views}), 1) -
         std::log(static_cast<double>(views));
}

std::vector<std::pair<int64_t, double>> top(const Predictions& predictions, int64_t row, int64_t k) {
  const auto values = predictions.probabilities.select(0, row).contiguous();
  const float* p = values.const_data_ptr<float>();
  std::vector<std::pair<int64_t, double>> best;
  for (const int64_t at : largest(p, values.numel(), k)) {
    best.emplace_back(predictions.best.defined() ? predictions.best[row][at].item<int64_t>() : at, p[at]);
  }
  return best;
}

}  // namespace graft::tasks
