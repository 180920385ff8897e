// A number for each example: squared error; correlations as GLUE's STS-B reports them (Wang et al. 2019,
// arXiv:1804.07461).
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "graft/core/error.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

// NaN where one of the two does not vary.
double pearson(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n,
               mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
}

// From 1; equal values share the mean of their ranks.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]])
      ++end;
    for (size_t i = begin; i < end; ++i)
      ranks[order[i]] = (static_cast<double>(begin + 1) + static_cast<double>(end)) / 2;
    begin = end;
  }
  return ranks;
}

// By Fisher's z (1915), whose variance is `spread` / (n - 3): 1 for Pearson's r, 1 + r² / 2 for Spearman's (Bonett and
// Wright 2000).
std::optional<Interval> fisher_interval(double r, int64_t n, double spread) {
  if (n < 4 || !std::isfinite(r)) return {};
  if (std::abs(r) >= 1) return Interval{r, r};
  const double half = kNormal975 * std::sqrt(spread / static_cast<double>(n - 3));
  return Interval{std::tanh(std::atanh(r) - half), std::tanh(std::atanh(r) + half)};
}

class Regression final : public Task {
 public:
  explicit Regression(const TaskOptions& options) {
    if (options.loss.empty() && options.label_smoothing == 0) return;
    throw ConfigError("train",
                      "--loss and --label-smoothing are for classes: of a number the squared error is made "
                      "small. Leave them out.");
  }

  at::Tensor loss(const at::Tensor& outputs, const at::Tensor& target, int64_t) const override {
    return at::mse_loss(outputs, target, at::Reduction::Sum);
  }

  Scores score(const Predictions& predictions, bool intervals) const override {
    std::vector<double> told, truth;
    const auto p = predictions.probabilities.contiguous(), t = predictions.truth.contiguous();
    double squares = 0, distance = 0;
    for (int64_t i = 0; i < p.size(0); ++i) {
      const double wanted = t.const_data_ptr<float>()[i], got = p.const_data_ptr<float>()[i];
      if (!std::isfinite(wanted)) continue;
      told.push_back(got);
      truth.push_back(wanted);
      squares += (got - wanted) * (got - wanted);
      distance += std::abs(got - wanted);
    }
    const auto n = static_cast<int64_t>(told.size());
    Scores scores{.count = n};
    const double r = n > 1 ? pearson(told, truth) : std::nan("");
    const double rho = n > 1 ? pearson(ranks(told), ranks(truth)) : std::nan("");
    const double count = static_cast<double>(std::max<int64_t>(n, 1));
    scores.loss = squares / count;
    scores.all = {{.name = "spearman", .value = rho, .is_share = false},
                  {.name = "pearson", .value = r, .is_share = false},
                  {.name = "rmse", .value = std::sqrt(squares / count), .is_share = false, .more_is_better = false},
                  {.name = "mae", .value = distance / count, .is_share = false, .more_is_better = false}};
    if (intervals) {
      scores.all[0].interval = fisher_interval(rho, n, 1 + rho * rho / 2);
      scores.all[1].interval = fisher_interval(r, n, 1);
    }
    return scores;
  }

  std::vector<std::string> score_names() const override { return {"spearman", "pearson", "rmse", "mae"}; }
};

}  // namespace

extern const TaskEntry regression_task{
    "regression", "a number for each example", data::Target::value,
    [](const TaskOptions& options) -> std::unique_ptr<Task> { return std::make_unique<Regression>(options); },
    methods::head_of_examples};

}  // namespace graft::tasks
