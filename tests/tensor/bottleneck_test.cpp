#include "graft/tensor/bottleneck.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/precision.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

Bottleneck random_bottleneck(int64_t width, int64_t rank, Activation activation, double gain) {
  Bottleneck b{.down_weight = torch::randn({rank, width}) * 0.3,
               .down_bias = torch::randn({rank}),
               .up_weight = torch::randn({width, rank}) * 0.3,
               .up_bias = torch::randn({width}),
               .activation = activation,
               .gain = gain};
  for (auto* t : {&b.down_weight, &b.down_bias, &b.up_weight, &b.up_bias})
    t->requires_grad_(true);
  return b;
}

// The result, and the gradients of x, of h where it is another tensor, and of the four parameters.
std::vector<at::Tensor> run(const at::Tensor& x_in, const at::Tensor& h_in, const Bottleneck& b) {
  const auto x = x_in.clone().requires_grad_(true);
  const auto h = h_in.defined() ? h_in.clone().requires_grad_(true) : x;
  const auto y = bottleneck(x, h, b);
  std::vector<at::Tensor> inputs{x, b.down_weight, b.down_bias, b.up_weight, b.up_bias};
  if (h_in.defined()) inputs.push_back(h);
  const auto weights = torch::linspace(-1, 3, y.numel()).view_as(y).to(y.scalar_type());
  auto results = torch::autograd::grad({(y * weights).sum()}, inputs);
  results.push_back(y.detach());
  return results;
}

void expect_as_plain(const at::Tensor& x, const at::Tensor& h, const Bottleneck& b, double tolerance) {
  const auto got = run(x, h, b);
  UseKernels plain(Kernels::plain);
  const auto want = run(x, h, b);
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(got[i].scalar_type(), want[i].scalar_type());
    EXPECT_LT(relative_error(got[i], want[i]), tolerance) << "tensor " << i;
  }
}

TEST(Bottleneck, EqualsThePlainPathAtOddSizes) {
  torch::manual_seed(1);
  for (const auto [rows, width, rank] :
       std::vector<std::array<int64_t, 3>>{{1, 1, 1}, {3, 7, 2}, {50, 33, 5}, {700, 48, 17}, {131, 384, 64}}) {
    SCOPED_TRACE(fmt::format("{} rows, {} wide, rank {}", rows, width, rank));
    const auto x = torch::randn({rows, width}), h = torch::randn({rows, width});
    for (const auto activation : {Activation::relu, Activation::gelu}) {
      expect_as_plain(x, {}, random_bottleneck(width, rank, activation, 1), 1e-5);
      expect_as_plain(x, h, random_bottleneck(width, rank, activation, 4), 1e-5);
    }
  }
}

TEST(Bottleneck, OfBf16DiffersByItsRounding) {
  torch::manual_seed(2);
  const auto x = torch::randn({2, 67, 50}).to(at::kBFloat16), h = torch::randn({2, 67, 50}).to(at::kBFloat16);
  const auto b = random_bottleneck(50, 12, Activation::gelu, 2);
  expect_as_plain(x, {}, b, 2e-2);
  expect_as_plain(x, h, b, 2e-2);
  expect_as_plain(torch::randn({2, 67, 50}), h, b, 2e-2);
}

TEST(Bottleneck, PlainGradientsAreThoseOfDifferences) {
  torch::manual_seed(3);
  const auto f = [](const std::vector<at::Tensor>& v) {
    return bottleneck(v[0], v[1], {v[2], v[3], v[4], v[5], Activation::gelu, 1.5});
  };
  const auto random = [](at::IntArrayRef sizes) { return torch::randn(sizes, at::kDouble); };
  expect_gradients_of_differences(
      f, {random({3, 5}), random({3, 5}), random({2, 5}), random({2}), random({5, 2}), random({5})});
}

TEST(Bottleneck, RefusesWhatDoesNotFit) {
  const auto b = random_bottleneck(4, 2, Activation::relu, 1);
  EXPECT_THROW(bottleneck(torch::randn({2, 5}), torch::randn({2, 5}), b), ShapeError);
  EXPECT_THROW(bottleneck(torch::randn({2, 4}), torch::randn({3, 4}), b), ShapeError);
}

}  // namespace
}  // namespace graft::tensor
