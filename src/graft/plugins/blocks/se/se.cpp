#include "graft/plugins/blocks/se/se.h"

#include <torch/types.h>

#include "graft/tensor/on_cpu.h"

namespace graft::plugins::se {
namespace {

class SqueezeExcitation final : public nn::Insert {
 public:
  SqueezeExcitation(const Options& options, int64_t width, Random& random) : start_(options.start) {
    const auto inner = reduced_width("se", width, options.ratio);
    const auto zeros = [](at::IntArrayRef shape) { return torch::zeros(shape, tensor::on_cpu()); };
    down_ = register_parameter("down_weight", rows_in_pairs(inner, width, random));
    down_bias_ = register_parameter("down_bias", zeros({inner}));
    up_ = register_parameter("up_weight", before_gate(width, inner, start_, random));
    up_bias_ = register_parameter("up_bias", zeros({width}));
  }

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const override {
    const auto change = frozen(x);
    const auto squeezed = change.mean({2, 3});  // [B, C]
    const auto excited = at::linear(at::relu(at::linear(squeezed, down_, down_bias_)), up_, up_bias_);
    return change * gate(excited, start_).unsqueeze(2).unsqueeze(3);
  }

 private:
  Start start_;
  at::Tensor down_, down_bias_, up_, up_bias_;
};

class SqueezeBlock final : public Block {
 public:
  explicit SqueezeBlock(Options options) : options_(std::move(options)) { reduced_width("se", 1, options_.ratio); }

  std::string at() const override { return options_.at; }
  bool stands_behind() const override { return false; }
  std::vector<size_t> usual_places(const std::vector<int64_t>& widths) const override { return every(widths); }
  std::shared_ptr<nn::Insert> make(int64_t width, Random& random) const override {
    return std::make_shared<SqueezeExcitation>(options_, width, random);
  }

 private:
  Options options_;
};

}  // namespace

const BlockEntry entry{
    .name = "se",
    .summary = "squeeze and excitation: each channel of a residual path is scaled by all channels' means",
    .paper = "Hu et al. 2018, arXiv:1709.01507",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Block> {
      return std::make_unique<SqueezeBlock>(read_options<Options>("se", values));
    },
};

}  // namespace graft::plugins::se
