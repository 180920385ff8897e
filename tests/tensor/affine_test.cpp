#include "graft/tensor/affine.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/precision.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

// The result, and the gradients of x, scale and shift.
std::vector<at::Tensor> run(const at::Tensor& x_in, const at::Tensor& scale_in, const at::Tensor& shift_in,
                            Activation activation) {
  std::vector<at::Tensor> inputs;
  for (const auto& t : {x_in, scale_in, shift_in})
    inputs.push_back(t.clone().requires_grad_(true));
  const auto y = affine(inputs[0], inputs[1], inputs[2], activation);
  const auto weights = torch::linspace(-1, 3, y.numel()).view_as(y).to(y.scalar_type());
  auto results = torch::autograd::grad({(y * weights).sum()}, inputs);
  results.push_back(y.detach());
  return results;
}

TEST(Affine, EqualsThePlainPathAtOddSizes) {
  torch::manual_seed(1);
  for (const auto [rows, width] : std::vector<std::array<int64_t, 2>>{{1, 1}, {3, 7}, {5, 33}, {700, 48}}) {
    for (const auto activation : {Activation::none, Activation::relu, Activation::gelu, Activation::quick_gelu}) {
      for (const auto type : {at::kFloat, at::kBFloat16}) {
        SCOPED_TRACE(fmt::format("{} rows, {} wide, {}", rows, width, to_string(activation)));
        const auto x = torch::randn({rows, width}).to(type), scale = torch::randn({width}),
                   shift = torch::randn({width});
        const auto got = run(x, scale, shift, activation);
        std::vector<at::Tensor> want;
        {
          UseKernels plain(Kernels::plain);
          want = run(x.to(at::kFloat), scale, shift, activation);
        }
        for (size_t i = 0; i < want.size(); ++i)
          EXPECT_LT(relative_error(got[i], want[i]), type == at::kFloat ? 1e-5 : 2e-2) << "tensor " << i;
        EXPECT_EQ(got[0].scalar_type(), type);
        EXPECT_EQ(got[1].scalar_type(), at::kFloat);
        EXPECT_EQ(got[3].scalar_type(), type);
      }
    }
  }
}

TEST(Affine, BitsDoNotDependOnThreads) {
  torch::manual_seed(2);
  const auto x = torch::randn({3, 401, 50}).to(at::kBFloat16), scale = torch::randn({50}), shift = torch::randn({50});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = run(x, scale, shift, Activation::gelu);
  at::set_num_threads(3);
  const auto three = run(x, scale, shift, Activation::gelu);
  at::set_num_threads(before);
  for (size_t i = 0; i < one.size(); ++i)
    EXPECT_TRUE(torch::equal(one[i], three[i])) << "tensor " << i;
}

TEST(Affine, PlainGradientsAreThoseOfDifferences) {
  torch::manual_seed(3);
  const auto f = [](const std::vector<at::Tensor>& v) { return affine(v[0], v[1], v[2], Activation::silu); };
  const auto random = [](at::IntArrayRef sizes) { return torch::randn(sizes, at::kDouble); };
  expect_gradients_of_differences(f, {random({2, 3, 5}), random({5}), random({5})});
}

TEST(Affine, RefusesWhatDoesNotFit) {
  const auto x = torch::randn({2, 5});
  EXPECT_THROW(affine(x, torch::ones({4}), torch::ones({5})), ShapeError);
  EXPECT_THROW(affine(x, torch::ones({5}), torch::ones({1, 5})), ShapeError);
}

}  // namespace
}  // namespace graft::tensor
