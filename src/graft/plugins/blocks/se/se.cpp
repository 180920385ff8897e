#include "graft/plugins/blocks/se/se.h"

#include "graft/plugins/blocks/gates.h"
#include "graft/plugins/blocks/positions.h"

namespace graft::plugins::se {
namespace {

class SqueezeExcitation final : public GateBottleneck {
 public:
  SqueezeExcitation(const GateOptions& options, int64_t width, Random& random)
      : GateBottleneck("se", options, width, random) {}

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const override {
    const auto change = frozen(x);
    return scaled(change, bottleneck(mean_of_positions(change)));
  }
};

using SqueezeBlock = BlockInPaths<GateOptions, SqueezeExcitation>;

}  // namespace

const BlockEntry entry{
    .name = "se",
    .summary = "squeeze and excitation: each channel of a residual path is scaled by all channels' means",
    .paper = "Hu et al. 2018, arXiv:1709.01507",
    .options = [] { return describe_options<GateOptions>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Block> {
      return std::make_unique<SqueezeBlock>("se", read_options<GateOptions>("se", values));
    },
};

}  // namespace graft::plugins::se
