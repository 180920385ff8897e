// MaskCLIP's refinements, by numbers that can be worked out by hand.
#include "graft/discovery/word_masks.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

namespace graft::discovery {
namespace {

// Probabilities of three classes at three places: 0.6 0.3 0.1, 0.2 0.75 0.05, 0.45 0.45 0.1.
at::Tensor scores() {
  return torch::tensor({{{0.6, 0.2, 0.45}}, {{0.3, 0.75, 0.45}}, {{0.1, 0.05, 0.1}}}, torch::kFloat64).log();
}

TEST(WordMasks, AClassThatIsSureNowhereIsToldNowhere) {
  const auto all = without_unseen(scores(), 0.5);
  EXPECT_TRUE(all[0].equal(scores()[0]));
  EXPECT_TRUE(all[1].equal(scores()[1]));
  EXPECT_EQ(all[2].max().item<double>(), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(without_unseen(scores(), 0).equal(scores()));
}

TEST(WordMasks, TheSurestClassStaysWhateverIsAsked) {
  const auto all = without_unseen(scores(), 0.99);
  EXPECT_EQ(all[0].max().item<double>(), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(all[1].equal(scores()[1]));
}

TEST(WordMasks, PlacesOfOneKeySpeakTogetherAndOfAnotherNot) {
  // Places 0 and 2 have one direction, of other lengths; place 1 stands across.
  const auto keys = torch::tensor({{2.0F, 0.0F}, {0.0F, 1.0F}, {0.5F, 0.0F}});
  const auto together = smoothed(scores().exp().to(at::kFloat), keys);
  const auto expected = torch::tensor({{{1.05F, 0.2F, 1.05F}}, {{0.75F, 0.75F, 0.75F}}, {{0.2F, 0.05F, 0.2F}}});
  EXPECT_LT((together - expected).abs().max().item<double>(), 1e-6);
}

TEST(WordMasks, AKeyOfTheOtherWaySpeaksAgainst) {
  const auto keys = torch::tensor({{1.0F, 0.0F}, {-3.0F, 0.0F}, {0.0F, 1.0F}});
  const auto together = smoothed(scores().exp().to(at::kFloat), keys);
  EXPECT_NEAR(together[0][0][0].item<double>(), 0.6 - 0.2, 1e-6);
  EXPECT_NEAR(together[1][0][1].item<double>(), 0.75 - 0.3, 1e-6);
  EXPECT_NEAR(together[0][0][2].item<double>(), 0.45, 1e-6);
}

}  // namespace
}  // namespace graft::discovery
