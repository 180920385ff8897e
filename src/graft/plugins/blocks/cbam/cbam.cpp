#include "graft/plugins/blocks/cbam/cbam.h"

#include <torch/types.h>

#include "graft/plugins/blocks/gates.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins::cbam {
namespace {

constexpr int64_t kSide = 7;

class ConvolutionalAttention final : public GateBottleneck {
 public:
  ConvolutionalAttention(const GateOptions& options, int64_t width, Random& random)
      : GateBottleneck("cbam", options, width, random) {
    space_ = register_parameter("space_weight",
                                before_gate(1, 2 * kSide * kSide, start(), random).view({1, 2, kSide, kSide}));
    space_bias_ = register_parameter("space_bias", torch::zeros({1}, tensor::on_cpu()));
  }

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const override {
    const auto change = frozen(x);
    const auto gated = scaled(change, bottleneck(change.mean({2, 3})) + bottleneck(change.amax({2, 3})));
    const auto seen = at::cat({gated.mean(1, /*keepdim=*/true), gated.amax(1, /*keepdim=*/true)}, 1);
    const auto of_positions = at::conv2d(seen, space_, space_bias_, /*stride=*/1, /*padding=*/kSide / 2);
    return gated * gate(of_positions, start());
  }

 private:
  at::Tensor space_, space_bias_;
};

using AttentionBlock = BlockInPaths<GateOptions, ConvolutionalAttention>;

}  // namespace

const BlockEntry entry{
    .name = "cbam",
    .summary = "gates on the channels of a residual path, then on its positions",
    .paper = "Woo et al. 2018, arXiv:1807.06521",
    .options = [] { return describe_options<GateOptions>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Block> {
      return std::make_unique<AttentionBlock>("cbam", read_options<GateOptions>("cbam", values));
    },
    .not_on_tokens = "its second gate is a convolution over neighbouring positions, and class tokens have none",
};

}  // namespace graft::plugins::cbam
