#include "graft/plugins/losses/focal/focal.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::plugins::focal {
namespace {

class Focal final : public Loss {
 public:
  explicit Focal(Options options) : options_(options) {
    if (!(options_.gamma >= 0)) throw ConfigError("focal", "--gamma: expected 0 or more, got {}.", options_.gamma);
  }

  at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const override {
    const at::Tensor log_p = torch::log_softmax(logits, 1);
    const at::Tensor terms = (1 - log_p.exp()).clamp_min(0).pow(options_.gamma) * log_p;  // [B, C]
    const at::Tensor own = terms.gather(1, labels.unsqueeze(1)).sum();
    if (label_smoothing == 0) return -own;
    return -((1 - label_smoothing) * own + label_smoothing / static_cast<double>(logits.size(1)) * terms.sum());
  }

 private:
  Options options_;
};

}  // namespace

extern const LossEntry entry = {
    .name = "focal",
    .summary = "cross-entropy in which photos that are already right count less",
    .paper = "Lin et al. 2017, arXiv:1708.02002",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Loss> {
      return std::make_unique<Focal>(read_options<Options>("focal", values));
    },
};

}  // namespace graft::plugins::focal
