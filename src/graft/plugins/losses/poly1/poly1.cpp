#include "graft/plugins/losses/poly1/poly1.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/log_odds.h"

namespace graft::plugins::poly1 {
namespace {

class Poly1 final : public Loss {
 public:
  explicit Poly1(Options options) : options_(options) {
    // Below -1 the loss rewards what is wrong near p = 1.
    if (!(options_.epsilon >= -1) || !std::isfinite(options_.epsilon)) {
      throw ConfigError("poly1", "--epsilon: expected -1 or more, got {}.", options_.epsilon);
    }
    if (!(options_.gamma >= 0) || !std::isfinite(options_.gamma)) {
      throw ConfigError("poly1", "--gamma: expected 0 or more, got {}.", options_.gamma);
    }
  }

  at::Tensor of_labels(const at::Tensor& logits) const override {
    const at::Tensor against = log_odds_against(logits);
    const at::Tensor log_rest = -log1p_exp(-against), minus_log_p = log1p_exp(against);  // log(1 - p), -log p
    return (options_.gamma * log_rest).exp() * minus_log_p + options_.epsilon * ((options_.gamma + 1) * log_rest).exp();
  }

 private:
  Options options_;
};

}  // namespace

extern const LossEntry entry = {
    .name = "poly1",
    .summary = "cross-entropy or focal loss with another weight on 1 - p",
    .paper = "Leng et al. 2022, arXiv:2204.12511",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting&) -> std::unique_ptr<Loss> {
      return std::make_unique<Poly1>(read_options<Options>("poly1", values));
    },
};

}  // namespace graft::plugins::poly1
