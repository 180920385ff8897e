#include "graft/train/optimizer.h"

#include <gtest/gtest.h>
#include <torch/optim.h>
#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::train {
namespace {

using methods::OptimizerKind;

// The loss is sum(w²)/2 + sum(b), so that the gradients are w and 1.
struct Problem {
  at::Tensor weight = torch::tensor({{1.0, -2.0}, {0.5, 3.0}}, at::kDouble).requires_grad_();
  at::Tensor bias = torch::tensor({0.25, -0.75}, at::kDouble).requires_grad_();
  nn::Parameters parameters() const { return {{"weight", weight}, {"bias", bias}}; }
  void backward() const { (weight.square().sum() / 2 + bias.sum()).backward(); }
};

void expect_equal_to_libtorch(const OptimizerOptions& options, torch::optim::Optimizer& theirs,
                              const Problem& reference) {
  Problem ours;
  Optimizer optimizer(ours.parameters(), options);
  for (int step = 0; step < 5; ++step) {
    optimizer.clear_gradients();
    ours.backward();
    optimizer.step(0.05);
    theirs.zero_grad();
    reference.backward();
    theirs.step();
  }
  EXPECT_TRUE(torch::allclose(ours.weight, reference.weight, 1e-12, 1e-12)) << ours.weight << reference.weight;
  EXPECT_TRUE(torch::allclose(ours.bias, reference.bias, 1e-12, 1e-12)) << ours.bias << reference.bias;
}

// libtorch decays all that it is given; ours leaves vectors alone, so that the reference has two groups.
template <class Theirs, class TheirOptions>
Theirs reference(const Problem& p, TheirOptions options) {
  auto decaying = std::make_unique<TheirOptions>(options);
  decaying->weight_decay(0.1);
  options.weight_decay(0);
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{p.weight}, std::move(decaying));
  groups.emplace_back(std::vector<at::Tensor>{p.bias}, std::make_unique<TheirOptions>(options));
  return Theirs(std::move(groups), options);
}

TEST(Optimizer, SgdWithMomentumAndDecayStepsAsLibtorchDoes) {
  const Problem p;
  auto theirs = reference<torch::optim::SGD>(p, torch::optim::SGDOptions(0.05).momentum(0.9));
  expect_equal_to_libtorch({.kind = OptimizerKind::sgd, .weight_decay = 0.1, .momentum = 0.9}, theirs, p);
}

TEST(Optimizer, AdamStepsAsLibtorchDoes) {
  const Problem p;
  auto theirs = reference<torch::optim::Adam>(p, torch::optim::AdamOptions(0.05));
  expect_equal_to_libtorch({.kind = OptimizerKind::adam, .weight_decay = 0.1}, theirs, p);
}

TEST(Optimizer, AdamWStepsAsLibtorchDoes) {
  const Problem p;
  auto theirs = reference<torch::optim::AdamW>(p, torch::optim::AdamWOptions(0.05));
  expect_equal_to_libtorch({.kind = OptimizerKind::adamw, .weight_decay = 0.1}, theirs, p);
}

TEST(Optimizer, VectorsDoNotDecay) {
  const auto matrix = torch::ones({2, 2}, at::kDouble).requires_grad_();
  const auto vector = torch::ones({2}, at::kDouble).requires_grad_();
  Optimizer optimizer({{"matrix", matrix}, {"vector", vector}}, {.kind = OptimizerKind::adamw, .weight_decay = 0.5});
  ((matrix.sum() + vector.sum()) * 0).backward();
  optimizer.step(0.1);
  EXPECT_DOUBLE_EQ(matrix[0][0].item<double>(), 0.95);
  EXPECT_DOUBLE_EQ(vector[0].item<double>(), 1.0);
}

// A parameter at half the rate moves as one that is trained at half the rate alone, decay included.
TEST(Optimizer, AParameterMayHaveARateOfItsOwn) {
  const auto stepped = [](double rate, double lr) {
    auto parameter = torch::ones({2, 2});
    parameter.set_requires_grad(true);
    Optimizer optimizer({{"w", parameter}}, {.weight_decay = 0.1, .rates = {{"w", rate}, {"other", 7}}});
    for (int i = 0; i < 3; ++i) {
      optimizer.clear_gradients();
      (parameter * parameter).sum().backward();
      optimizer.step(lr);
    }
    return parameter.detach();
  };
  EXPECT_TRUE(torch::equal(stepped(0.5, 0.1), stepped(1, 0.05)));
  EXPECT_FALSE(torch::equal(stepped(0.5, 0.1), stepped(1, 0.1)));
}

TEST(Optimizer, RestoredStateGoesOnToTheSameBits) {
  const auto run = [](bool interrupted) {
    Problem p;
    auto optimizer = std::make_unique<Optimizer>(p.parameters(), OptimizerOptions{});
    for (int step = 0; step < 6; ++step) {
      if (interrupted && step == 3) {
        nn::NamedTensors state;
        for (const auto& [name, tensor] : optimizer->state())
          state[name] = tensor.clone();
        const int64_t steps = optimizer->steps();
        optimizer = std::make_unique<Optimizer>(p.parameters(), OptimizerOptions{});
        optimizer->restore(state, steps);
      }
      optimizer->clear_gradients();
      p.backward();
      optimizer->step(0.01);
    }
    return p.weight.detach().clone();
  };
  EXPECT_TRUE(torch::equal(run(false), run(true)));
}

TEST(Optimizer, StateOfAnotherRunIsRefusedByName) {
  const Problem p;
  Optimizer optimizer(p.parameters(), {.kind = OptimizerKind::sgd});
  try {
    optimizer.restore({{"weight.momentum", torch::zeros({3, 2})}, {"extra.momentum", torch::zeros({1})}}, 1);
    FAIL() << "nothing was refused";
  } catch (const ModelError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("bias.momentum: missing"), std::string::npos) << text;
    EXPECT_NE(text.find("weight.momentum: shape 3x2, expected 2x2"), std::string::npos) << text;
    EXPECT_NE(text.find("extra.momentum: unexpected"), std::string::npos) << text;
  }
}

TEST(Optimizer, ClippingScalesAllGradientsTogether) {
  const auto a = torch::zeros({1}, at::kDouble).requires_grad_();
  const auto b = torch::zeros({1}, at::kDouble).requires_grad_();
  (3 * a + 4 * b).sum().backward();
  EXPECT_DOUBLE_EQ(clip_gradients({{"a", a}, {"b", b}}, 1.0).all, 5.0);
  EXPECT_DOUBLE_EQ(a.grad().item<double>(), 0.6);
  EXPECT_DOUBLE_EQ(b.grad().item<double>(), 0.8);
  EXPECT_DOUBLE_EQ(clip_gradients({{"a", a}, {"b", b}}, 0).all, 1.0);  // 0: not clipped
  EXPECT_DOUBLE_EQ(a.grad().item<double>(), 0.6);
}

}  // namespace
}  // namespace graft::train
