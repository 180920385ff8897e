#include "graft/plugins/blocks/gc/gc.h"

#include <torch/types.h>

#include "graft/methods/initial.h"
#include "graft/plugins/blocks/positions.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins::gc {
namespace {

constexpr double kEps = 1e-5;

class GlobalContext final : public nn::Insert {
 public:
  GlobalContext(const Options& options, int64_t width, Random& random) {
    const auto inner = reduced_width("gc", width, options.ratio);
    const auto zeros = [](at::IntArrayRef shape) { return torch::zeros(shape, tensor::on_cpu()); };
    // No bias: a softmax takes no notice of one.
    key_ = register_parameter("key_weight", methods::kaiming_uniform(1, width, random));
    down_ = register_parameter("down_weight", methods::kaiming_uniform(inner, width, random));
    down_bias_ = register_parameter("down_bias", zeros({inner}));
    norm_ = register_parameter("norm_weight", zeros({inner}) + 1);
    norm_bias_ = register_parameter("norm_bias", zeros({inner}));
    up_ = register_parameter("up_weight", zeros({width, inner}));
    up_bias_ = register_parameter("up_bias", zeros({width}));
  }

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const override {
    const auto change = frozen(x);
    const auto rows = positions(change);
    const auto share = at::softmax(at::linear(rows, key_), 1);     // [B, N, 1]
    const auto context = at::matmul(share.transpose(1, 2), rows);  // [B, 1, C]
    const auto inner = at::layer_norm(at::linear(context, down_, down_bias_), norm_.sizes(), norm_, norm_bias_, kEps);
    const auto added = at::linear(at::relu(inner), up_, up_bias_).squeeze(1);  // [B, C]
    return change + at_each_position(added, change);
  }

 private:
  at::Tensor key_, down_, down_bias_, norm_, norm_bias_, up_, up_bias_;
};

using ContextBlock = BlockInPaths<Options, GlobalContext>;

}  // namespace

const BlockEntry entry{
    .name = "gc",
    .summary = "global context: one weighed mean of a residual path's positions is added to all of them",
    .paper = "Cao et al. 2019, arXiv:1904.11492",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Block> {
      return std::make_unique<ContextBlock>("gc", read_options<Options>("gc", values));
    },
};

}  // namespace graft::plugins::gc
