#include "graft/plugins/losses/class_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

const LossSetting kCatsAndDogs{.classes = {"cat", "dog"}, .counts = {3, 1}};

std::string refused(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "taken";
}

TEST(ClassCounts, BalancedWeightsGiveEachClassTheSameShareOfTheExamples) {
  const at::Tensor weights = class_weights("loss", "balanced", kCatsAndDogs);
  EXPECT_TRUE(torch::allclose(weights, torch::tensor({2.0 / 3, 2.0}, at::kDouble)));
  EXPECT_DOUBLE_EQ(weight_of(Normaliser::positives, torch::tensor({0, 0, 0, 1}, at::kLong), weights), 4);
  EXPECT_FALSE(class_weights("loss", "", kCatsAndDogs).defined());
}

TEST(ClassCounts, EffectiveWeightsGoFromAllAlikeToOneByTheCount) {
  EXPECT_TRUE(torch::equal(effective_weights("loss", 0, kCatsAndDogs), torch::ones({2}, at::kDouble)));
  // beta 0.5: effective numbers 1.75 and 1.
  const at::Tensor half = torch::tensor({1 / 1.75, 1.0}, at::kDouble);
  EXPECT_TRUE(torch::allclose(effective_weights("loss", 0.5, kCatsAndDogs), 2 * half / half.sum()));
  EXPECT_TRUE(
      torch::allclose(effective_weights("loss", 1 - 1e-12, kCatsAndDogs), torch::tensor({0.5, 1.5}, at::kDouble)));
}

TEST(ClassCounts, ALabelThatIsSharedWeighsByItsShares) {
  const at::Tensor weights = torch::tensor({1.0, 3.0}, at::kDouble);
  const at::Tensor shares = torch::tensor({{0.75F, 0.25F}, {0.0F, 1.0F}});
  EXPECT_DOUBLE_EQ(weight_of(Normaliser::positives, shares, weights), 4.5);
  EXPECT_DOUBLE_EQ(weight_of(Normaliser::examples, shares, weights), 2);
}

TEST(ClassCounts, WhatCannotBeMadeOfThemIsRefusedInOneLine) {
  const LossSetting empty{.classes = {"cat", "dog"}, .counts = {3, 0}};
  EXPECT_THAT(refused([&] { counts_of("ldam", empty); }), ::testing::HasSubstr("[ldam]"));
  EXPECT_THAT(refused([&] { counts_of("ldam", empty); }), ::testing::HasSubstr("'dog' has none"));
  EXPECT_THAT(refused([&] { counts_of("ldam", {}); }), ::testing::HasSubstr("not known"));
  for (const char* text : {"1", "1,2,3", "1,-2", "1,nan", "1,inf", "0,0", "even"}) {
    const auto said = refused([&] { class_weights("loss", text, kCatsAndDogs); });
    EXPECT_THAT(said, ::testing::HasSubstr("--weights")) << text;
    EXPECT_EQ(said.find('\n'), std::string::npos) << text;
  }
  for (const double beta : {-0.1, 1.0, std::nan("")}) {
    EXPECT_THAT(refused([&] { effective_weights("loss", beta, kCatsAndDogs); }), ::testing::HasSubstr("--beta"));
  }
}

}  // namespace
}  // namespace graft::plugins
