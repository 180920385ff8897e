#include "graft/plugins/losses/ldam/ldam.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/class_counts.h"
#include "graft/plugins/losses/log_odds.h"

namespace graft::plugins::ldam {
namespace {

class Ldam final : public Loss {
 public:
  Ldam(Options options, const LossSetting& setting, bool reweights) : scale_(options.scale) {
    if (!(options.margin >= 0) || !std::isfinite(options.margin)) {
      throw ConfigError("ldam", "--margin: expected 0 or more, got {}.", options.margin);
    }
    if (!(options.scale > 0) || !std::isfinite(options.scale)) {
      throw ConfigError("ldam", "--scale: expected more than 0, got {}.", options.scale);
    }
    if (options.reweight_from < 0) {
      throw ConfigError("ldam", "--reweight-from: expected 0 or more, got {}.", options.reweight_from);
    }
    const at::Tensor rarity = counts_of("ldam", setting).pow(-0.25);
    margins_ = options.margin * rarity / rarity.max();
    const at::Tensor weights = effective_weights("ldam", options.beta, setting);
    if (reweights) {
      weights_ = weights;
      return;
    }
    reweight_from_ = options.reweight_from;
    if (reweight_from_ > 0) later_ = std::make_unique<Ldam>(options, setting, true);
  }

  // -log(e^(s (z - m)) / (e^(s (z - m)) + the others' e^(s z))) = log1p_exp(log odds against + s m)
  at::Tensor of_labels(const at::Tensor& logits) const override {
    const at::Tensor each = log1p_exp(log_odds_against(scale_ * logits) + (scale_ * margins_).to(logits.options()));
    return weights_.defined() ? each * weights_.to(logits.options()) : each;
  }

  double weight(const at::Tensor& labels) const override {
    return weight_of(weights_.defined() ? Normaliser::positives : Normaliser::examples, labels, weights_);
  }

  const Loss& in_epoch(int64_t epoch) const override { return later_ && epoch + 1 >= reweight_from_ ? *later_ : *this; }

 private:
  double scale_;
  int64_t reweight_from_ = 0;
  at::Tensor margins_, weights_;  // [C] float64; weights undefined: all alike
  std::unique_ptr<Ldam> later_;   // null: nothing changes
};

}  // namespace

extern const LossEntry entry = {
    .name = "ldam",
    .summary = "cross-entropy with a margin that is wider for rare classes",
    .paper = "Cao et al. 2019, arXiv:1906.07413",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting& setting) -> std::unique_ptr<Loss> {
      return std::make_unique<Ldam>(read_options<Options>("ldam", values), setting, false);
    },
};

}  // namespace graft::plugins::ldam
