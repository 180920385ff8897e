// Any number of classes for each example: each class is asked by itself (binary cross-entropy, or a loss by name that
// can do so), and said where its probability is at least a half.
#include <torch/types.h>

#include <limits>

#include "graft/core/error.h"
#include "graft/plugins/losses/loss.h"
#include "graft/tasks/jackknife.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

// Of one class: examples that have it and were told so, were told so, have it.
struct Hits {
  double both = 0, told = 0, truth = 0;
  double f1() const { return told + truth > 0 ? 2 * both / (told + truth) : 0; }
};

struct MultiLabelScores {
  double micro_f1 = 0, macro_f1 = 0, exact = 0;
};

// told and truth [N, C] of 0 and 1 in double. Macro-F1 is over the classes that an example has or was told to have.
MultiLabelScores scores_of(const at::Tensor& told, const at::Tensor& truth) {
  const auto both = (told * truth).sum(0), each_told = told.sum(0), each_truth = truth.sum(0);
  Hits all{both.sum().item<double>(), each_told.sum().item<double>(), each_truth.sum().item<double>()};
  double sum = 0;
  int64_t counted = 0;
  for (int64_t c = 0; c < told.size(1); ++c) {
    const Hits hits{both[c].item<double>(), each_told[c].item<double>(), each_truth[c].item<double>()};
    if (hits.told + hits.truth == 0) continue;
    sum += hits.f1();
    ++counted;
  }
  return {all.f1(), counted > 0 ? sum / static_cast<double>(counted) : 0,
          (told == truth).all(1).to(at::kDouble).mean().item<double>()};
}

class MultiLabel final : public Task {
 public:
  explicit MultiLabel(const TaskOptions& options) {
    if (!options.loss.empty()) {
      loss_ = plugins::make_loss(options.loss, {data::Target::labels, options.classes, options.counts});
    }
    if ((!loss_ || loss_->serves(data::Target::labels)) && options.label_smoothing == 0) return;
    throw ConfigError("train",
                      "--loss and --label-smoothing are for one class an example: with several, each class is "
                      "asked by itself (binary cross-entropy). Leave them out, or take --loss focal:form=sigmoid.");
  }

  at::Tensor loss(const at::Tensor& outputs, const at::Tensor& target, int64_t epoch) const override {
    if (loss_) return loss_->in_epoch(epoch).sum(outputs, target, 0);
    return at::binary_cross_entropy_with_logits(outputs, target, {}, {}, at::Reduction::Sum) /
           static_cast<double>(target.size(1));
  }

  double weight(const at::Tensor& target, int64_t epoch) const override {
    return loss_ ? loss_->in_epoch(epoch).weight(target) : Task::weight(target, epoch);
  }

  Scores score(const Predictions& predictions, bool intervals) const override {
    const auto known = predictions.truth.isfinite().all(1).nonzero().squeeze(1);
    const auto truth = predictions.truth.index_select(0, known).to(at::kDouble);
    const auto probabilities = predictions.probabilities.index_select(0, known).to(at::kDouble);
    const auto told = probabilities.ge(0.5).to(at::kDouble);
    Scores scores{.count = known.numel()};
    if (scores.count == 0) return named(scores, {});
    scores.loss = at::binary_cross_entropy(probabilities, truth).item<double>();
    named(scores, scores_of(told, truth));
    if (intervals) {
      const auto options = truth.options().dtype(at::kLong);
      const auto leave_out = [&](int64_t i) {
        const auto rest = at::cat({at::arange(i, options), at::arange(i + 1, scores.count, options)});
        const auto without = scores_of(told.index_select(0, rest), truth.index_select(0, rest));
        return std::vector<double>{without.micro_f1, without.macro_f1, without.exact};
      };
      add_jackknife_intervals(scores, leave_out);
    }
    return scores;
  }

  std::vector<std::string> score_names() const override { return {"micro_f1", "macro_f1", "exact_match"}; }

 private:
  static Scores& named(Scores& scores, const MultiLabelScores& of) {
    scores.all = {{"micro_f1", of.micro_f1}, {"macro_f1", of.macro_f1}, {"exact_match", of.exact}};
    return scores;
  }

  std::unique_ptr<plugins::Loss> loss_;  // null: binary cross-entropy, its mean over the classes
};

}  // namespace

extern const TaskEntry multi_label_task{
    "multi-label", "any number of classes for each example", data::Target::labels,
    [](const TaskOptions& options) -> std::unique_ptr<Task> { return std::make_unique<MultiLabel>(options); },
    methods::head_of_examples};

}  // namespace graft::tasks
