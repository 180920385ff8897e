#include "graft/plugins/losses/contrastive.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/support/gradient_check.h"

namespace graft::plugins {
namespace {

at::Tensor unit_rows(int64_t count, int64_t step) {
  const at::Tensor x = torch::arange(count * 3, at::kDouble).view({count, 3}).mul(step).sin();
  return x / x.norm(2, {1}, true);
}
at::Tensor scalar(double value) {
  return torch::tensor(value, at::kDouble);
}

TEST(Contrastive, GradientsAreThoseOfDifferences) {
  const at::Tensor a = unit_rows(4, 2).requires_grad_(), b = unit_rows(4, 5).requires_grad_();
  const at::Tensor scale = scalar(7).requires_grad_(), bias = scalar(-3).requires_grad_();
  const at::Tensor labels = torch::tensor({0, 1, 0, 2}, at::kLong);
  using graft::testing::expect_gradients_of_differences;
  const auto own = [&](const at::Tensor& costs) { return costs.diagonal().sum(); };
  expect_gradients_of_differences([&] { return own(info_nce_costs(scale * a.matmul(b.t()))); }, {a, b, scale});
  expect_gradients_of_differences([&] { return own(siglip_costs(scale * a.matmul(b.t()) + bias)); },
                                  {a, b, scale, bias});
  expect_gradients_of_differences([&] { return supervised_contrastive(a, labels, 0.1); }, {a});
}

TEST(Contrastive, ARowWithoutPositivesAsksNothing) {
  const at::Tensor a = unit_rows(3, 2);
  EXPECT_EQ(supervised_contrastive(a, torch::tensor({0, 1, 2}, at::kLong), 0.1).item<double>(), 0);
  const at::Tensor two = a.narrow(0, 0, 2);  // of two alike each is the other's only choice
  EXPECT_NEAR(supervised_contrastive(two, torch::tensor({0, 0}, at::kLong), 0.1).item<double>(), 0, 1e-12);
}

TEST(Contrastive, PairsThatAreNoneCostTheLogOfTheirNumber) {
  EXPECT_NEAR(info_nce_costs(torch::full({4, 4}, 10.0, at::kDouble)).diagonal().sum().item<double>(), 4 * std::log(4),
              1e-12);
  EXPECT_NEAR(siglip_costs(torch::zeros({4, 4}, at::kDouble)).diagonal().sum().item<double>(), 16 * std::log(2), 1e-12);
}

TEST(Contrastive, PhotosOfOneTextAreNoNegativesOfTheirPhotoAndShareTheirText) {
  // Two photos of text 0, one of text 1; all logits 0.
  const at::Tensor costs = info_nce_costs(torch::zeros({3, 2}, at::kDouble));
  EXPECT_NEAR(costs[0][0].item<double>(), (std::log(2) + std::log(3)) / 2, 1e-12);
}

TEST(Contrastive, IsFiniteInFloat32AtScalesThatNobodyShouldTake) {
  const at::Tensor a = unit_rows(4, 2).to(at::kFloat).requires_grad_(), b = unit_rows(4, 5).to(at::kFloat);
  const at::Tensor logits = 1e4F * a.matmul(b.t());
  const at::Tensor all = info_nce_costs(logits).sum() + siglip_costs(logits - 1e4F).sum() +
                         supervised_contrastive(a, torch::tensor({0, 1, 0, 1}, at::kLong), 1e-4);
  all.backward();
  EXPECT_TRUE(all.isfinite().item<bool>());
  EXPECT_TRUE(a.grad().isfinite().all().item<bool>());
}

}  // namespace
}  // namespace graft::plugins
