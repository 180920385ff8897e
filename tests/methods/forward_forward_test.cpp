#include "graft/methods/forward_forward/forward_forward.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <map>
#include <string>

#include "graft/core/error.h"
#include "graft/methods/hidden_layers.h"

namespace graft::methods::forward_forward {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

Network network(const GoodnessOptions& goodness, int64_t features = 6, int64_t classes = 3) {
  Random random(1);
  Options options;
  static_cast<GoodnessOptions&>(options) = goodness;
  return {features, classes, options, random};
}

nn::Context context_of(uint64_t seed) {
  return {.training = true, .generator = at::make_generator<at::CPUGeneratorImpl>(seed)};
}

Tensors gradients(Network& net, const at::Tensor& x, const at::Tensor& labels) {
  auto context = context_of(5);
  net.own_loss(x, labels, context).backward();
  Tensors all;
  for (const auto& parameter : net.named_parameters())
    all[parameter.key()] = parameter.value().grad().clone();
  return all;
}

// The activities of all layers for a label, written as the paper has it: the label in the input, layer after layer.
std::vector<at::Tensor> activities(Network& net, const at::Tensor& x, const at::Tensor& labels, double label_scale) {
  auto p = net.named_parameters();
  auto input = torch::cat({with_unit_rms(x), torch::one_hot(labels, net.outputs()).to(x.dtype()) * label_scale}, 1);
  std::vector<at::Tensor> all;
  for (int l = 0; p.contains("weight_" + std::to_string(l)); ++l) {
    all.push_back(torch::relu(torch::linear(input, p["weight_" + std::to_string(l)], p["bias_" + std::to_string(l)])));
    input = with_unit_rms(all.back());
  }
  return all;
}

TEST(ForwardForward, TakesTheLabelWithTheMostGoodnessAboveTheFirstLayer) {
  for (const auto goodness : {Goodness::mean, Goodness::sum}) {
    for (const int64_t layers : {1, 3}) {
      auto net = network({.width = 7, .layers = layers, .goodness = goodness});
      const auto x = torch::randn({4, 6});
      nn::Context context;
      const auto answer = net.forward(x, context);
      for (int64_t label = 0; label < 3; ++label) {
        at::Tensor expected = torch::zeros({4});
        const auto all = activities(net, x, torch::full({4}, label, torch::kLong), 3);
        for (size_t l = layers == 1 ? 0 : 1; l < all.size(); ++l)
          expected += goodness == Goodness::mean ? all[l].square().mean(1) : all[l].square().sum(1);
        EXPECT_TRUE(torch::allclose(answer.select(1, label), expected, 1e-5, 1e-6));
      }
    }
  }
}

// With two classes the wrong label is no matter of chance.
TEST(ForwardForward, LearnsByThePapersLoss) {
  for (const auto goodness : {Goodness::mean, Goodness::sum}) {
    auto net = network({.width = 7, .layers = 2, .goodness = goodness, .threshold = 0.5}, 6, 2);
    const auto x = torch::randn({4, 6});
    const auto labels = torch::tensor({0, 1, 1, 0}, torch::kLong);
    auto context = context_of(1);
    const double theta = goodness == Goodness::sum ? 3.5 : 0.5;
    double expected = 0;
    const auto right = activities(net, x, labels, 3), wrong = activities(net, x, 1 - labels, 3);
    for (size_t l = 0; l < right.size(); ++l) {
      const auto g = [&](const at::Tensor& h) {
        return goodness == Goodness::mean ? h.square().mean(1) : h.square().sum(1);
      };
      expected += (torch::log1p(torch::exp(theta - g(right[l]))) + torch::log1p(torch::exp(g(wrong[l]) - theta)))
                      .mean()
                      .item<double>();
    }
    EXPECT_NEAR(net.own_loss(x, labels, context).item<double>(), expected, 1e-5);
  }
}

TEST(ForwardForward, NoGradientCrossesALayer) {
  const auto x = torch::randn({8, 6}).requires_grad_();
  const auto labels = torch::randint(0, 2, {8}, torch::kLong);
  const GoodnessOptions two{.width = 7, .layers = 2, .negatives = Negatives::random};
  auto net = network(two, 6, 2);
  const auto both = gradients(net, x, labels);
  EXPECT_FALSE(x.grad().defined());
  for (const auto& [name, gradient] : both)
    EXPECT_GT(gradient.abs().max().item<float>(), 0) << name;
  auto first = network({.width = 7, .layers = 1, .negatives = Negatives::random}, 6, 2);
  const auto alone = gradients(first, x.detach(), labels);
  EXPECT_TRUE(torch::allclose(both.at("weight_0"), alone.at("weight_0")));
  EXPECT_TRUE(torch::allclose(both.at("bias_0"), alone.at("bias_0")));
}

// By central differences in float64, layer by layer: a layer's own loss with its input held.
TEST(ForwardForward, GradientsAreThoseOfEachLayersOwnLoss) {
  auto net = network({.width = 5, .layers = 2, .threshold = 0.5, .negatives = Negatives::random}, 4, 2);
  net.to(torch::kDouble);
  const auto x = torch::randn({3, 4}, torch::kDouble);
  const auto labels = torch::tensor({0, 1, 1}, torch::kLong);
  const auto exact = gradients(net, x, labels);
  const auto loss = [&] {
    const torch::NoGradGuard no_grad;
    auto context = context_of(5);
    return net.own_loss(x, labels, context).item<double>();
  };
  auto last = net.named_parameters()["weight_1"];  // nothing lies behind it: the whole loss is its own
  const torch::NoGradGuard no_grad;
  auto* values = last.data_ptr<double>();
  for (const int64_t i : {0, 7, 13, 24}) {
    const double before = values[i], step = 1e-6;
    values[i] = before + step;
    const double above = loss();
    values[i] = before - step;
    const double below = loss();
    values[i] = before;
    EXPECT_NEAR(exact.at("weight_1").flatten()[i].item<double>(), (above - below) / (2 * step), 1e-7) << i;
  }
}

// What is drawn shows in the gradient: the column of a label that was right or drawn has one, others have none.
TEST(ForwardForward, HardNegativesAreTheWrongLabelsThatTheNetworkFavours) {
  for (const auto negatives : {Negatives::hard, Negatives::random}) {
    auto net = network({.width = 16, .layers = 1, .threshold = 0.01, .negatives = negatives}, 6, 4);
    const auto weight = net.named_parameters()["weight_0"];
    {
      const torch::NoGradGuard no_grad;
      weight.select(1, 6 + 2).fill_(9);  // label 2 looks far better than any other
    }
    const auto drawn = gradients(net, torch::randn({64, 6}), torch::zeros({64}, torch::kLong)).at("weight_0");
    for (const int64_t label : {1, 2, 3}) {
      const bool seen = drawn.select(1, 6 + label).abs().max().item<float>() > 0;
      EXPECT_EQ(seen, negatives == Negatives::random || label == 2) << label;
    }
  }
}

TEST(ForwardForward, RefusesWhatIsNoThreshold) {
  EXPECT_THROW(make_method("forward-forward", {{"threshold", "0"}}), ConfigError);
  EXPECT_THROW(make_method("forward-forward", {{"label-scale", "-1"}}), ConfigError);
  EXPECT_THROW(make_method("forward-forward", {{"layers", "0"}}), ConfigError);
}

}  // namespace
}  // namespace graft::methods::forward_forward
