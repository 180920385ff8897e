#include "graft/methods/forward_forward/forward_forward.h"

#include <torch/types.h>

#include <memory>

#include "graft/methods/places.h"

namespace graft::methods::forward_forward {
namespace {

class ForwardForward final : public MethodWith<Options> {
 public:
  explicit ForwardForward(Options options) : MethodWith(options) { check_goodness("forward-forward", options_); }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting&) const override {
    return {.make = [options = options_](int64_t features, int64_t outputs, Random& random) {
      return std::make_shared<Network>(features, outputs, options, random);
    }};
  }

  Recipe recipe(const Setting&) const override {
    return {.lr = 3e-3, .weight_decay = 1e-4, .epochs = 60, .batch_size = 128};
  }

  Adaptation attach(const Setting& setting, models::Head&, Random&) const override {
    check_needs(entry, setting);
    return {};
  }
};

}  // namespace

Network::Network(int64_t features, int64_t outputs, const Options& options, Random& random)
    : Head(features, outputs), layers_(*this, "", features, outputs, options, random) {}

at::Tensor Network::frozen(const at::Tensor& features, nn::Context&) const {
  return layers_.of_labels(features);
}

at::Tensor Network::own_loss(const at::Tensor& features, const at::Tensor& labels, nn::Context& context) const {
  return layers_.loss(features.detach(), labels, context.generator);
}

const Entry entry{
    .name = "forward-forward",
    .summary = "fully connected layers on the features that learn one by one, without backpropagation",
    .paper = "Hinton 2022, arXiv:2212.13345",
    .needs = {.targets = {data::Target::label}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<ForwardForward>(read_options<Options>("forward-forward", values));
    },
    .size_option = "width",
};

}  // namespace graft::methods::forward_forward
