#include "graft/plugins/losses/siglip/siglip.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/contrastive.h"

namespace graft::plugins::siglip {
namespace {

class SigLip final : public Loss {
 public:
  explicit SigLip(Options options) : options_(options) {
    if (options_.scale && !(*options_.scale > 0 && std::isfinite(*options_.scale))) {
      throw ConfigError("siglip", "--scale: expected above 0, got {}.", *options_.scale);
    }
    if (!std::isfinite(options_.bias)) throw ConfigError("siglip", "--bias: expected a number, got {}.", options_.bias);
  }

  at::Tensor of_labels(const at::Tensor& logits) const override { return siglip_costs(logits); }
  bool serves(data::Target target) const override { return target == data::Target::caption; }
  std::optional<models::PairScale> pairs() const override {
    return models::PairScale{options_.learn_scale, options_.scale, options_.bias};
  }

 private:
  Options options_;
};

}  // namespace

extern const LossEntry entry = {
    .name = "siglip",
    .summary = "of pairs: each photo with each text by itself is a pair or is none",
    .paper = "Zhai et al. 2023, arXiv:2303.15343",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting&) -> std::unique_ptr<Loss> {
      return std::make_unique<SigLip>(read_options<Options>("siglip", values));
    },
};

}  // namespace graft::plugins::siglip
