#include "graft/plugins/losses/cross_entropy/cross_entropy.h"

#include <torch/types.h>

namespace graft::plugins::cross_entropy {
namespace {

class CrossEntropy final : public Loss {
 public:
  CrossEntropy(const Options& options, at::Tensor weights)
      : normaliser_(options.normaliser), weights_(std::move(weights)) {}

  at::Tensor of_labels(const at::Tensor& logits) const override {
    const at::Tensor each = -torch::log_softmax(logits, 1);
    return weights_.defined() ? each * weights_.to(logits.options()) : each;
  }

  // In one step, of labels as PyTorch takes it.
  at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const override {
    if (labels.dim() == 2) return Loss::sum(logits, labels, label_smoothing);
    return torch::cross_entropy_loss(logits, labels, weights_.defined() ? weights_.to(logits.options()) : at::Tensor(),
                                     at::Reduction::Sum, /*ignore_index=*/-100, label_smoothing);
  }

  double weight(const at::Tensor& labels) const override {
    return weight_of(weights_.defined() ? normaliser_ : Normaliser::examples, labels, weights_);
  }

 private:
  Normaliser normaliser_;
  at::Tensor weights_;  // [C] float64; undefined: all alike
};

}  // namespace

extern const LossEntry entry = {
    .name = "cross-entropy",
    .summary = "-log p of the label",
    .paper = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting& setting) -> std::unique_ptr<Loss> {
      const auto options = read_options<Options>("cross-entropy", values);
      return std::make_unique<CrossEntropy>(options, class_weights("cross-entropy", options.weights, setting));
    },
};

}  // namespace graft::plugins::cross_entropy
