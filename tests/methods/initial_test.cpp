#include "graft/methods/initial.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace graft::methods {
namespace {

TEST(Initial, ATruncatedNormalStaysWithinTwoDeviationsAndHasTheirShape) {
  Random random(1);
  const auto x = truncated_normal({200, 200}, 0.5, random);
  EXPECT_LE(x.abs().max().item<double>(), 1.0);
  EXPECT_NEAR(x.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(x.std().item<double>(), 0.5 * 0.8796, 0.005);  // the deviation of a normal cut at two
}

TEST(Initial, TheSameSeedGivesTheSameNumbersWhateverElseWasDrawn) {
  Random a(7), b(7);
  torch::manual_seed(1);
  const auto first = normal({10}, 1, a);
  torch::rand({5});
  EXPECT_TRUE(torch::equal(first, normal({10}, 1, b)));
  EXPECT_FALSE(torch::equal(first, normal({10}, 1, b)));
}

TEST(Initial, AKaimingUniformMapIsPyTorchsDefaultLinear) {
  Random random(1);
  const auto w = kaiming_uniform(50, 100, random);
  EXPECT_LE(w.abs().max().item<double>(), 0.1);
  EXPECT_GT(w.abs().max().item<double>(), 0.099);
}

}  // namespace
}  // namespace graft::methods
