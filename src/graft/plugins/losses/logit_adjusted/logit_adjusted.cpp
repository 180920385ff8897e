#include "graft/plugins/losses/logit_adjusted/logit_adjusted.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/class_counts.h"

namespace graft::plugins::logit_adjusted {
namespace {

class LogitAdjusted final : public Loss {
 public:
  LogitAdjusted(Options options, const LossSetting& setting) {
    if (!(options.tau >= 0) || !std::isfinite(options.tau)) {
      throw ConfigError("logit-adjusted", "--tau: expected 0 or more, got {}.", options.tau);
    }
    const at::Tensor counts = counts_of("logit-adjusted", setting);
    added_ = options.tau * (counts / counts.sum()).log();
  }

  at::Tensor of_labels(const at::Tensor& logits) const override {
    return -torch::log_softmax(logits + added_.to(logits.options()), 1);
  }

 private:
  at::Tensor added_;  // [C] float64
};

}  // namespace

extern const LossEntry entry = {
    .name = "logit-adjusted",
    .summary = "cross-entropy that takes out how common each class is in training",
    .paper = "Menon et al. 2020, arXiv:2007.07314",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting& setting) -> std::unique_ptr<Loss> {
      return std::make_unique<LogitAdjusted>(read_options<Options>("logit-adjusted", values), setting);
    },
};

}  // namespace graft::plugins::logit_adjusted
