#include "graft/plugins/distillation/feature_matching/feature_matching.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

TEST(FeatureMatching, IsHalfTheSquaredDistanceOrOneMinusTheCosine) {
  const auto student = torch::tensor({{3.0, 4.0}}, at::kDouble), teacher = torch::tensor({{0.0, 2.0}}, at::kDouble);
  EXPECT_NEAR(make_distillation("feature-matching")->sum(student, teacher).item<double>(), 0.5 * (9 + 4), 1e-12);
  EXPECT_NEAR(make_distillation("feature-matching:measure=cosine,weight=5")->sum(student, teacher).item<double>(),
              5 * (1 - 0.8), 1e-12);
}

TEST(FeatureMatching, TrainsAMapWhereWidthsDifferOrItIsAskedFor) {
  EXPECT_TRUE(make_distillation("feature-matching")->prepare(3, 3, Random(1)).empty());
  EXPECT_EQ(make_distillation("feature-matching:regressor=true")->prepare(3, 3, Random(1)).size(), 2u);
  auto by = make_distillation("feature-matching");
  const auto trained = by->prepare(3, 2, Random(1));
  ASSERT_EQ(trained.size(), 2u);
  EXPECT_EQ(trained[0].second.sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(trained[0].second.requires_grad() && trained[1].second.requires_grad());
  const auto student = torch::ones({1, 3}), teacher = torch::zeros({1, 2});
  const auto mapped = trained[0].second.sum(1);
  EXPECT_NEAR(by->sum(student, teacher).item<double>(), 0.5 * mapped.square().sum().item<double>(), 1e-6);
  // By the seed alone.
  EXPECT_TRUE(
      torch::equal(trained[0].second, make_distillation("feature-matching")->prepare(3, 2, Random(1))[0].second));
  EXPECT_FALSE(
      torch::equal(trained[0].second, make_distillation("feature-matching")->prepare(3, 2, Random(2))[0].second));
}

TEST(FeatureMatching, RefusesWidthsThatNothingMaps) {
  EXPECT_THROW(make_distillation("feature-matching:regressor=false")->prepare(3, 2, Random(1)), ConfigError);
  EXPECT_THROW(make_distillation("feature-matching:weight=-1"), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
