#include "graft/tensor/norm.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/precision.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

struct Outcome {
  at::Tensor stream, normalised, dx, dchange;
};

// Both results are used, so that the gradient of the stream and that of the norm meet.
Outcome run(const at::Tensor& x_in, const at::Tensor& change_in, const LayerNorm& norm, c10::ScalarType out) {
  const auto x = x_in.clone().requires_grad_(true), change = change_in.clone().requires_grad_(true);
  const auto [stream, normalised] = add_layer_norm(x, change, norm, out);
  const auto weights = torch::linspace(-1, 1, x.numel()).view_as(x);
  const auto loss = (stream * weights).sum() + (normalised.to(at::kFloat) * weights.flip(0)).sum();
  const auto gradients = torch::autograd::grad({loss}, {x, change});
  return {stream.detach(), normalised.detach(), gradients[0], gradients[1]};
}

TEST(AddLayerNorm, EqualsThePlainPathAtOddWidths) {
  torch::manual_seed(1);
  for (const int64_t width : {3, 7, 16, 33, 384}) {
    for (const auto change_type : {at::kFloat, at::kBFloat16}) {
      for (const auto out : {at::kFloat, at::kBFloat16}) {
        SCOPED_TRACE(fmt::format("width {}", width));
        const auto x = torch::randn({3, 5, width}) + 2, change = torch::randn({3, 5, width}).to(change_type);
        const LayerNorm norm{torch::randn({width}), torch::randn({width}), 1e-6};
        const auto got = run(x, change, norm, out);
        UseKernels plain(Kernels::plain);
        const auto want = run(x, change, norm, out);
        EXPECT_TRUE(torch::equal(got.stream, want.stream));
        EXPECT_EQ(got.normalised.scalar_type(), out);
        EXPECT_EQ(got.dchange.scalar_type(), change_type);
        // One rounding to bf16 apart where a bf16 is written or where its gradient arrives.
        EXPECT_LT(relative_error(got.normalised, want.normalised), out == at::kFloat ? 2e-6 : 8e-3);
        // Beside a result in bf16 the normalised rows are kept in bf16 for the backward. Three numbers of nearly one
        // size have a small deviation, whose inverse multiplies the rounding.
        const double kept = out == at::kFloat ? 5e-5 : width < 16 ? 3e-2 : 2e-3;
        EXPECT_LT(relative_error(got.dx, want.dx), kept);
        EXPECT_LT(relative_error(got.dchange, want.dchange), change_type == at::kFloat ? kept : std::max(kept, 8e-3));
      }
    }
  }
}

TEST(LayerNorm, WithoutWeightAndBiasIsTheBareNorm) {
  torch::manual_seed(2);
  const auto x = torch::randn({4, 19});
  EXPECT_LT(relative_error(layer_norm(x, {}, at::kFloat), at::layer_norm(x, {19})), 2e-6);
}

TEST(LayerNorm, GradientOfTheNormAlone) {
  torch::manual_seed(3);
  const auto gradient = [&](const at::Tensor& x) {
    const auto leaf = x.clone().requires_grad_(true);
    const auto y = layer_norm(leaf, {torch::full({19}, 1.5), {}, 1e-5}, at::kFloat);
    return torch::autograd::grad({(y * torch::linspace(-1, 1, y.numel()).view_as(y)).sum()}, {leaf})[0];
  };
  const auto x = torch::randn({4, 19});
  const auto got = gradient(x);
  UseKernels plain(Kernels::plain);
  EXPECT_LT(relative_error(got, gradient(x)), 5e-6);
}

TEST(LayerNorm, TrainedWeightAndBiasGetThePlainGradients) {
  torch::manual_seed(6);
  for (const auto [rows, width] : std::vector<std::array<int64_t, 2>>{{1, 3}, {3, 8}, {700, 33}}) {
    const auto x = torch::randn({rows, width}) + 1, change = torch::randn({rows, width});
    const auto gradients = [&] {
      const auto weight = torch::linspace(0.5, 1.5, width).requires_grad_(true),
                 bias = torch::zeros({width}).requires_grad_(true);
      const auto both = add_layer_norm(x, change, {weight, bias, 1e-5}, at::kFloat);
      const auto way = torch::linspace(-1, 2, x.numel()).view_as(x);
      return torch::autograd::grad({(both.normalised * way).sum()}, {weight, bias});
    };
    const auto got = gradients();
    UseKernels plain(Kernels::plain);
    const auto want = gradients();
    EXPECT_LT(relative_error(got[0], want[0]), 1e-5) << rows << " rows";
    EXPECT_LT(relative_error(got[1], want[1]), 1e-5) << rows << " rows";
  }
}

TEST(LayerNorm, PlainGradientsAreThoseOfDifferences) {
  torch::manual_seed(4);
  expect_gradients_of_differences(
      [](const std::vector<at::Tensor>& v) {
        const auto both = add_layer_norm(v[0], v[1], {v[2], v[3], 1e-5}, at::kDouble);
        return both.stream * both.normalised;
      },
      {torch::randn({2, 5}, at::kDouble), torch::randn({2, 5}, at::kDouble), torch::randn({5}, at::kDouble),
       torch::randn({5}, at::kDouble)});
}

TEST(RmsNorm, IsTheRootMeanSquareAndItsGradientsAreThoseOfDifferences) {
  torch::manual_seed(5);
  const auto y = rms_norm(torch::tensor({{3.0, 4.0}}, at::kDouble), torch::tensor({1.0, 2.0}, at::kDouble), 0,
                          at::kDouble);  // rms = sqrt(12.5)
  EXPECT_NEAR(y[0][0].item<double>(), 3 / std::sqrt(12.5), 1e-12);
  EXPECT_NEAR(y[0][1].item<double>(), 8 / std::sqrt(12.5), 1e-12);
  expect_gradients_of_differences(
      [](const std::vector<at::Tensor>& v) { return rms_norm(v[0], v[1], 1e-5, at::kDouble); },
      {torch::randn({2, 5}, at::kDouble), torch::randn({5}, at::kDouble)});
}

TEST(AddLayerNorm, RefusesWhatDoesNotFit) {
  EXPECT_THROW(add_layer_norm(torch::randn({2, 4}), torch::randn({2, 3}), {}, at::kFloat), ShapeError);
  EXPECT_THROW(layer_norm(torch::randn({2, 4}), {torch::ones({3}), {}, 1e-5}, at::kFloat), ShapeError);
}

}  // namespace
}  // namespace graft::tensor
