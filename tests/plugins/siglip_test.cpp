#include "graft/plugins/losses/siglip/siglip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "tests/support/gradient_check.h"

namespace graft::plugins {
namespace {

TEST(SigLip, ServesCaptionsAlone) {
  const auto loss = make_loss("siglip");
  EXPECT_TRUE(loss->serves(data::Target::caption));
  EXPECT_FALSE(loss->serves(data::Target::label));
  try {
    check_serves(*loss, "siglip", data::Target::label);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("siglip"));
  }
  EXPECT_THROW(check_serves(*make_loss("focal"), "focal", data::Target::caption), ConfigError);
}

TEST(SigLip, SaysWhereTheScaleStartsAndWhetherItTrains) {
  const auto plain = make_loss("siglip")->pairs();
  EXPECT_TRUE(plain->learns);
  EXPECT_FALSE(plain->scale);
  EXPECT_EQ(plain->bias.value_or(0), -10);
  const auto fixed = make_loss("siglip:learn-scale=false,scale=5,bias=1")->pairs();
  EXPECT_FALSE(fixed->learns);
  EXPECT_EQ(fixed->scale, 5);
  for (const char* bad : {"0", "-1", "nan", "inf"})
    EXPECT_THROW(make_loss(std::string("siglip:scale=") + bad), ConfigError) << bad;
  EXPECT_THROW(make_loss("siglip:bias=inf"), ConfigError);
}

// Three photos, of which two have the first text.
TEST(SigLip, GradientsAreThoseOfDifferences) {
  const at::Tensor logits = torch::tensor({{2.0, -1.0}, {0.1, 0.3}, {1.0, 1.5}}, at::kDouble).requires_grad_();
  const at::Tensor own = torch::tensor({{1.0, 0.0}, {1.0, 0.0}, {0.0, 1.0}}, at::kDouble);
  const auto loss = make_loss("siglip");
  graft::testing::expect_gradients_of_differences([&] { return loss->sum(logits, own, 0); }, {logits});
}

TEST(SigLip, IsSmallWherePairsAreCertainAndFiniteWhereTheyAreNot) {
  const auto loss = make_loss("siglip");
  const at::Tensor own = torch::eye(3);
  for (const float size : {60.0F, -60.0F, 1e4F, -1e4F}) {
    const at::Tensor logits = (size * (2 * own - 1)).requires_grad_();
    const at::Tensor sum = loss->sum(logits, own, 0);
    sum.backward();
    if (size > 0) {
      EXPECT_LT(sum.item<double>(), 1e-5);
    } else {
      EXPECT_GT(sum.item<double>(), 1);
    }
    EXPECT_TRUE(sum.isfinite().item<bool>());
    EXPECT_TRUE(logits.grad().isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace graft::plugins
