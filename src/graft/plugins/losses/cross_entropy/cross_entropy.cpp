#include "graft/plugins/losses/cross_entropy/cross_entropy.h"

#include <torch/types.h>

namespace graft::plugins::cross_entropy {
namespace {

struct Options {};
template <class Visitor>
void fields(Visitor&, Options&) {}

class CrossEntropy final : public Loss {
 public:
  at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const override {
    return torch::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum, /*ignore_index=*/-100, label_smoothing);
  }
};

}  // namespace

extern const LossEntry entry = {
    .name = "cross-entropy",
    .summary = "-log p of the label",
    .paper = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Loss> {
      read_options<Options>("cross-entropy", values);
      return std::make_unique<CrossEntropy>();
    },
};

}  // namespace graft::plugins::cross_entropy
