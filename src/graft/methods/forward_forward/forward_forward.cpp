#include "graft/methods/forward_forward/forward_forward.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <limits>
#include <memory>

#include "graft/core/error.h"
#include "graft/methods/hidden_layers.h"
#include "graft/methods/initial.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::forward_forward {
namespace {

class ForwardForward final : public MethodWith<Options> {
 public:
  explicit ForwardForward(Options options) : MethodWith(options) {
    check_hidden_layers("forward-forward", options_.width, options_.layers);
    if (!(options_.threshold > 0))
      throw ConfigError("forward-forward", "--threshold {}: expected more than 0.", options_.threshold);
    if (!(options_.label_scale > 0))
      throw ConfigError("forward-forward", "--label-scale {}: expected more than 0.", options_.label_scale);
  }

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

std::vector<std::pair<Goodness, std::string>> choices(Goodness) {
  return {{Goodness::sum, "sum"}, {Goodness::mean, "mean"}};
}

std::vector<std::pair<Negatives, std::string>> choices(Negatives) {
  return {{Negatives::random, "random"}, {Negatives::hard, "hard"}};
}

Network::Network(int64_t features, int64_t outputs, const Options& options, Random& random)
    : Head(features, outputs),
      options_(options),
      threshold_(options.goodness == Goodness::sum ? options.threshold * static_cast<double>(options.width)
                                                   : options.threshold) {
  int64_t in = features + outputs;
  for (int64_t l = 0; l < options.layers; ++l) {
    weights_.push_back(register_parameter(fmt::format("weight_{}", l), kaiming_uniform(options.width, in, random)));
    biases_.push_back(register_parameter(fmt::format("bias_{}", l), at::zeros({options.width}, tensor::on_cpu())));
    in = options.width;
  }
}

at::Tensor Network::goodness(const at::Tensor& activities) const {
  const auto squares = activities.square();
  return options_.goodness == Goodness::mean ? squares.mean(-1) : squares.sum(-1);
}

// The first layer's product with the features is the same for all labels; that with a label is a column of its weight.
at::Tensor Network::goodness_of_labels(const at::Tensor& features) const {
  const int64_t width = features.size(1);
  const auto of_features =
      at::linear(with_unit_rms(features), weights_[0].narrow(1, 0, width), biases_[0]).unsqueeze(1);
  const auto of_labels = weights_[0].narrow(1, width, outputs()).t() * options_.label_scale;
  auto h = at::relu(of_features + of_labels).flatten(0, 1);  // [B * C, H]
  auto all = weights_.size() == 1 ? goodness(h) : at::Tensor();
  for (size_t l = 1; l < weights_.size(); ++l) {
    h = at::relu(at::linear(with_unit_rms(h), weights_[l], biases_[l]));
    all = all.defined() ? all + goodness(h) : goodness(h);
  }
  return all.view({features.size(0), outputs()});
}

at::Tensor Network::frozen(const at::Tensor& features, nn::Context&) const {
  return goodness_of_labels(features);
}

at::Tensor Network::wrong_labels(const at::Tensor& features, const at::Tensor& labels, nn::Context& context) const {
  const torch::NoGradGuard no_grad;
  at::Tensor chances = at::ones({labels.size(0), outputs()}, features.options());
  if (options_.negatives == Negatives::hard) {
    auto scores = goodness_of_labels(features);
    if (options_.goodness == Goodness::sum) scores = scores / static_cast<double>(options_.width);
    chances = scores.scatter(1, labels.unsqueeze(1), -std::numeric_limits<double>::infinity()).softmax(1);
  } else {
    chances.scatter_(1, labels.unsqueeze(1), 0);
  }
  return at::multinomial(chances, 1, /*replacement=*/true, context.generator).squeeze(1);
}

at::Tensor Network::own_loss(const at::Tensor& features, const at::Tensor& labels, nn::Context& context) const {
  const auto x = features.detach();
  const auto wrong = wrong_labels(x, labels, context);
  const auto told = at::one_hot(at::cat({labels, wrong}), outputs()).to(x.scalar_type()) * options_.label_scale;
  auto input = at::cat({with_unit_rms(x).repeat({2, 1}), told}, 1);
  at::Tensor loss;
  for (size_t l = 0; l < weights_.size(); ++l) {
    const auto h = at::relu(at::linear(input, weights_[l], biases_[l]));
    const auto halves = goodness(h).chunk(2);
    const auto own = (at::softplus(threshold_ - halves[0]) + at::softplus(halves[1] - threshold_)).mean();
    loss = loss.defined() ? loss + own : own;
    input = with_unit_rms(h.detach());
  }
  return loss;
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
