#include "graft/methods/mlp/mlp.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <memory>

#include "graft/methods/hidden_layers.h"
#include "graft/methods/initial.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::mlp {
namespace {

class Mlp final : public MethodWith<Options> {
 public:
  explicit Mlp(Options options) : MethodWith(options) { check_hidden_layers("mlp", options_.width, options_.layers); }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting&) const override {
    return {.make = [options = options_](int64_t features, int64_t outputs, Random& random) {
      return std::make_shared<Network>(features, outputs, options, random);
    }};
  }

  Recipe recipe(const Setting&) const override {
    return {.lr = 1e-3, .weight_decay = 1e-4, .epochs = 60, .batch_size = 128};
  }

  Adaptation attach(const Setting& setting, models::Head&, Random&) const override {
    check_needs(entry, setting);
    return {};
  }
};

}  // namespace

Network::Network(int64_t features, int64_t outputs, const Options& options, Random& random) : Head(features, outputs) {
  int64_t in = features;
  for (int64_t l = 0; l <= options.layers; ++l) {
    const int64_t out = l < options.layers ? options.width : outputs;
    weights_.push_back(register_parameter(fmt::format("weight_{}", l), kaiming_uniform(out, in, random)));
    biases_.push_back(register_parameter(fmt::format("bias_{}", l), at::zeros({out}, tensor::on_cpu())));
    in = out;
  }
}

at::Tensor Network::frozen(const at::Tensor& features, nn::Context&) const {
  auto x = with_unit_rms(features);
  for (size_t l = 0; l + 1 < weights_.size(); ++l)
    x = at::relu(at::linear(x, weights_[l], biases_[l]));
  return at::linear(x, weights_.back(), biases_.back());
}

const Entry entry{
    .name = "mlp",
    .summary = "a few fully connected layers on the features",
    .paper = "He et al. 2015, arXiv:1502.01852",
    .needs = {.targets = {data::Target::label, data::Target::labels, data::Target::value}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Mlp>(read_options<Options>("mlp", values));
    },
    .size_option = "width",
};

}  // namespace graft::methods::mlp
