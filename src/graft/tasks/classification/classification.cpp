// One class of several: cross-entropy, or another loss by name.
#include <torch/types.h>

#include "graft/plugins/losses/loss.h"
#include "graft/tasks/accuracy.h"
#include "graft/tasks/task.h"

namespace graft::tasks {

extern const TaskEntry classification_task;

namespace {

class Classification final : public Task {
 public:
  explicit Classification(const TaskOptions& options)
      : loss_(plugins::make_loss(classification_task.loss_or_own(options.loss),
                                 {data::Target::label, options.classes, options.counts})),
        label_smoothing_(options.label_smoothing) {
    plugins::check_serves(*loss_, options.loss, data::Target::label);
  }

  at::Tensor loss(const at::Tensor& outputs, const at::Tensor& target, int64_t epoch) const override {
    return loss_->in_epoch(epoch).sum(outputs, target, label_smoothing_);
  }
  double weight(const at::Tensor& target, int64_t epoch) const override {
    return loss_->in_epoch(epoch).weight(target);
  }

  Scores score(const Predictions& predictions, bool intervals) const override {
    return tasks::score(count_classes(predictions), intervals);
  }

  std::vector<std::string> score_names() const override { return {"accuracy", "mean_per_class", "macro_f1", "mcc"}; }

 private:
  std::unique_ptr<plugins::Loss> loss_;
  double label_smoothing_;
};

}  // namespace

extern const TaskEntry classification_task{
    "classification", "one class of several for each example", data::Target::label,
    [](const TaskOptions& options) -> std::unique_ptr<Task> { return std::make_unique<Classification>(options); },
    methods::head_of_examples};

}  // namespace graft::tasks
