#include "graft/plugins/losses/info_nce/info_nce.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/contrastive.h"

namespace graft::plugins::info_nce {
namespace {

class InfoNce final : public Loss {
 public:
  explicit InfoNce(Options options) : options_(options) {
    if (options_.scale && !(*options_.scale > 0 && std::isfinite(*options_.scale))) {
      throw ConfigError("info-nce", "--scale: expected above 0, got {}.", *options_.scale);
    }
  }

  at::Tensor of_labels(const at::Tensor& logits) const override { return info_nce_costs(logits); }
  bool serves(data::Target target) const override { return target == data::Target::caption; }
  std::optional<models::PairScale> pairs() const override {
    return models::PairScale{options_.learn_scale, options_.scale, {}};
  }

 private:
  Options options_;
};

}  // namespace

extern const LossEntry entry = {
    .name = "info-nce",
    .summary = "of pairs: each photo among the batch's texts, each text among its photos",
    .paper = "van den Oord et al. 2018, arXiv:1807.03748",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values, const LossSetting&) -> std::unique_ptr<Loss> {
      return std::make_unique<InfoNce>(read_options<Options>("info-nce", values));
    },
};

}  // namespace graft::plugins::info_nce
