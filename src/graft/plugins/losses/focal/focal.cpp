#include "graft/plugins/losses/focal/focal.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/log_odds.h"

namespace graft::plugins::focal {
namespace {

class OverSoftmax final : public Loss {
 public:
  OverSoftmax(const Options& options, at::Tensor weights)
      : gamma_(options.gamma), normaliser_(options.normaliser), weights_(std::move(weights)) {}

  at::Tensor of_labels(const at::Tensor& logits) const override {
    const at::Tensor each = unweighted(logits);
    return weights_.defined() ? each * weights_.to(logits.options()) : each;
  }

  double weight(const at::Tensor& labels) const override {
    return weight_of(weights_.defined() ? normaliser_ : Normaliser::examples, labels, weights_);
  }

 private:
  at::Tensor unweighted(const at::Tensor& logits) const {
    if (gamma_ > 0 && gamma_ < 1) {  // the power's slope at 1 - p = 0 is infinite
      const at::Tensor against = log_odds_against(logits);
      return (-gamma_ * log1p_exp(-against)).exp() * log1p_exp(against);
    }
    const at::Tensor log_p = torch::log_softmax(logits, 1);
    return -((1 - log_p.exp()).clamp_min(0).pow(gamma_) * log_p);
  }

  double gamma_;
  Normaliser normaliser_;
  at::Tensor weights_;  // [C] float64; undefined: all alike
};

class OverSigmoid final : public Loss {
 public:
  OverSigmoid(const Options& options, at::Tensor weights, data::Target target)
      : gamma_(options.gamma),
        alpha_(options.alpha.value_or(0.25)),
        normaliser_(options.normaliser),
        weights_(std::move(weights)),
        several_(target == data::Target::labels) {}

  at::Tensor of_labels(const at::Tensor& logits) const override {
    const at::Tensor no = untrue(logits);
    const at::Tensor each = is_true(logits) - no + no.sum(1, /*keepdim=*/true);
    return weights_.defined() ? each * weights_.to(logits.options()) : each;
  }

  at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const override {
    at::Tensor shares = shares_of(labels, logits, label_smoothing);
    if (weights_.defined()) shares = shares * weights_.to(logits.options());
    // Of one class all others are untrue, with the label's weight.
    const at::Tensor rest = several_ ? 1 - shares : shares.sum(1, /*keepdim=*/true) - shares;
    return (shares * is_true(logits) + rest * untrue(logits)).sum();
  }

  double weight(const at::Tensor& labels) const override {
    if (several_) {
      return normaliser_ == Normaliser::examples ? static_cast<double>(labels.numel())
                                                 : weight_of(Normaliser::positives, labels, {});
    }
    return weight_of(weights_.defined() ? normaliser_ : Normaliser::examples, labels, weights_);
  }

  bool serves(data::Target target) const override { return has_classes(target); }

 private:
  at::Tensor is_true(const at::Tensor& z) const {
    return (alpha_ >= 0 ? alpha_ : 1) * (gamma_ * at::log_sigmoid(-z)).exp() * log1p_exp(-z);
  }
  at::Tensor untrue(const at::Tensor& z) const {
    return (alpha_ >= 0 ? 1 - alpha_ : 1) * (gamma_ * at::log_sigmoid(z)).exp() * log1p_exp(z);
  }

  double gamma_, alpha_;  // alpha below 0: none
  Normaliser normaliser_;
  at::Tensor weights_;  // [C] float64; undefined: all alike
  bool several_;        // classes of an example may be true
};

}  // namespace

std::vector<std::pair<Form, std::string>> choices(Form) {
  return {{Form::softmax, "softmax"}, {Form::sigmoid, "sigmoid"}};
}

std::unique_ptr<Loss> make(const std::string& loss, const Options& options, const LossSetting& setting) {
  if (!(options.gamma >= 0)) throw ConfigError(loss, "--gamma: expected 0 or more, got {}.", options.gamma);
  if (!std::isfinite(options.gamma)) throw ConfigError(loss, "--gamma: expected a number, got {}.", options.gamma);
  if (options.form == Form::softmax) {
    if (options.alpha && *options.alpha >= 0) {
      throw ConfigError(loss,
                        "--alpha tells a true class from the others, which form=softmax does not ask: for a "
                        "weight of each class give weights, or take form=sigmoid.");
    }
    return std::make_unique<OverSoftmax>(options, class_weights(loss, options.weights, setting));
  }
  if (options.alpha && !(*options.alpha <= 1)) {
    throw ConfigError(loss, "--alpha: expected at most 1, got {}.", *options.alpha);
  }
  if (!options.weights.empty() && setting.target == data::Target::labels) {
    throw ConfigError(loss,
                      "--weights are for one class an example: with several, each is asked by itself, and alpha "
                      "weighs the true ones. Leave them out.");
  }
  return std::make_unique<OverSigmoid>(options, class_weights(loss, options.weights, setting), setting.target);
}

extern const LossEntry entry = {
    .name = "focal",
    .summary = "cross-entropy in which photos that are already right count less",
    .paper = "Lin et al. 2017, arXiv:1708.02002",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting& setting) -> std::unique_ptr<Loss> {
      return make("focal", read_options<Options>("focal", values), setting);
    },
};

}  // namespace graft::plugins::focal
