#include "graft/nn/convolution.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdlib>

namespace graft::nn {
namespace {

at::Tensor maps_with_gradient() {
  return torch::randn({7, 4, 10, 10}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
}

TEST(Convolution, OfOnePositionStridesOverFewInputsAsOverMany) {
  torch::manual_seed(1);
  Convolution convolution(torch::randn({6, 4, 1, 1}), {1, 2});
  auto weight = convolution.named_parameters()["weight"];
  weight.requires_grad_(true);
  const auto maps = maps_with_gradient();
  const auto exact_weight = weight.detach().to(at::kDouble).requires_grad_(true);
  const auto exact_maps = maps.detach().to(at::kDouble).requires_grad_(true);

  const auto result = convolution.forward(maps);
  const auto exact = at::conv2d(exact_maps, exact_weight, {}, 2);
  EXPECT_EQ(result.sizes(), exact.sizes());
  EXPECT_TRUE(at::allclose(result.to(at::kDouble), exact, 1e-5, 1e-5));
  result.square().sum().backward();
  exact.square().sum().backward();
  EXPECT_TRUE(at::allclose(weight.grad().to(at::kDouble), exact_weight.grad(), 1e-5, 1e-3));
  EXPECT_TRUE(at::allclose(maps.grad().to(at::kDouble), exact_maps.grad(), 1e-5, 1e-4));
}

// What oneDNN wrote past its workspace was seen when the process ended.
TEST(ConvolutionDeathTest, ItsGradientLeavesTheHeapWhole) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto train = [] {
    at::set_num_threads(2);
    Convolution convolution(torch::randn({6, 4, 1, 1}), {1, 2});
    convolution.named_parameters()["weight"].requires_grad_(true);
    for (int step = 0; step < 20; ++step)
      convolution.forward(maps_with_gradient()).square().sum().backward();
    std::exit(0);
  };
  EXPECT_EXIT(train(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace graft::nn
