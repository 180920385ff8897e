#include "graft/plugins/losses/class_balanced/class_balanced.h"

#include <torch/types.h>

#include "graft/plugins/losses/class_counts.h"

namespace graft::plugins::class_balanced {
namespace {

class ClassBalanced final : public Loss {
 public:
  ClassBalanced(std::unique_ptr<Loss> weighted, at::Tensor weights)
      : weighted_(std::move(weighted)), weights_(std::move(weights)) {}

  at::Tensor of_labels(const at::Tensor& logits) const override {
    return weighted_->of_labels(logits) * weights_.to(logits.options());
  }

  at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const override {
    const at::Tensor shares = shares_of(labels, logits, label_smoothing);
    return weighted_->sum(logits, shares * weights_.to(logits.options()), 0);
  }

 private:
  std::unique_ptr<Loss> weighted_;
  at::Tensor weights_;  // [C] float64
};

}  // namespace

extern const LossEntry entry = {
    .name = "class-balanced",
    .summary = "cross-entropy or focal loss in which rare classes count more",
    .paper = "Cui et al. 2019, arXiv:1901.05555",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting& setting) -> std::unique_ptr<Loss> {
      const auto options = read_options<Options>("class-balanced", values);
      auto weights = effective_weights("class-balanced", options.beta, setting);
      return std::make_unique<ClassBalanced>(
          focal::make("class-balanced", {.gamma = options.gamma, .form = options.form, .alpha = -1}, setting),
          std::move(weights));
    },
};

}  // namespace graft::plugins::class_balanced
