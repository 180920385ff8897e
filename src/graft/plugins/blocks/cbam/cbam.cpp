#include "graft/plugins/blocks/cbam/cbam.h"

#include <torch/types.h>

#include "graft/tensor/on_cpu.h"

namespace graft::plugins::cbam {
namespace {

constexpr int64_t kSide = 7;

class ConvolutionalAttention final : public nn::Insert {
 public:
  ConvolutionalAttention(const Options& options, int64_t width, Random& random) : start_(options.start) {
    const auto inner = reduced_width("cbam", width, options.ratio);
    const auto zeros = [](at::IntArrayRef shape) { return torch::zeros(shape, tensor::on_cpu()); };
    down_ = register_parameter("down_weight", rows_in_pairs(inner, width, random));
    down_bias_ = register_parameter("down_bias", zeros({inner}));
    up_ = register_parameter("up_weight", before_gate(width, inner, start_, random));
    up_bias_ = register_parameter("up_bias", zeros({width}));
    space_ = register_parameter("space_weight",
                                before_gate(1, 2 * kSide * kSide, start_, random).view({1, 2, kSide, kSide}));
    space_bias_ = register_parameter("space_bias", zeros({1}));
  }

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const override {
    const auto change = frozen(x);
    const auto of_channels = bottleneck(change.mean({2, 3})) + bottleneck(change.amax({2, 3}));
    const auto scaled = change * gate(of_channels, start_).unsqueeze(2).unsqueeze(3);
    const auto seen = at::cat({scaled.mean(1, /*keepdim=*/true), scaled.amax(1, /*keepdim=*/true)}, 1);
    const auto of_positions = at::conv2d(seen, space_, space_bias_, /*stride=*/1, /*padding=*/kSide / 2);
    return scaled * gate(of_positions, start_);
  }

 private:
  at::Tensor bottleneck(const at::Tensor& x) const {  // [B, C] -> [B, C]
    return at::linear(at::relu(at::linear(x, down_, down_bias_)), up_, up_bias_);
  }

  Start start_;
  at::Tensor down_, down_bias_, up_, up_bias_, space_, space_bias_;
};

class AttentionBlock final : public Block {
 public:
  explicit AttentionBlock(Options options) : options_(std::move(options)) { reduced_width("cbam", 1, options_.ratio); }

  std::string at() const override { return options_.at; }
  bool stands_behind() const override { return false; }
  std::vector<size_t> usual_places(const std::vector<int64_t>& widths) const override { return every(widths); }
  std::shared_ptr<nn::Insert> make(int64_t width, Random& random) const override {
    return std::make_shared<ConvolutionalAttention>(options_, width, random);
  }

 private:
  Options options_;
};

}  // namespace

const BlockEntry entry{
    .name = "cbam",
    .summary = "gates on the channels of a residual path, then on its positions",
    .paper = "Woo et al. 2018, arXiv:1807.06521",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Block> {
      return std::make_unique<AttentionBlock>(read_options<Options>("cbam", values));
    },
};

}  // namespace graft::plugins::cbam
