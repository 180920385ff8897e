#include "graft/plugins/blocks/cbam/cbam.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "tests/plugins/block_golden.h"

namespace graft::plugins::cbam {
namespace {

TEST(Cbam, IsThePapersEquationsWithEitherGate) {
  expect_golden("cbam", {}, "cbam");
  expect_golden("cbam", {{"start", "paper"}}, "cbam.paper");
}

TEST(Cbam, StartsAtOneOrAsThePaperDoesNearAHalf) {
  const auto x = torch::rand({2, 32, 5, 5}) + 1;
  EXPECT_TRUE(at::equal(run_block(*made_block("cbam", {}, 32), x, {}), x));
  const auto halved = run_block(*made_block("cbam", {{"start", "paper"}}, 32), x, {}) / x;
  EXPECT_GT(halved.min().item<float>(), 0.05);
  EXPECT_LT(halved.max().item<float>(), 0.9);
}

TEST(Cbam, IsAsNarrowAsAskedButFourChannelsWide) {
  const auto width = [](const OptionValues& options, int64_t channels) {
    return made_block("cbam", options, channels)->named_parameters()["down_weight"].size(0);
  };
  EXPECT_EQ(width({}, 256), 16);
  EXPECT_EQ(width({{"ratio", "4"}}, 256), 64);
  EXPECT_EQ(width({}, 16), 4);
  EXPECT_EQ(width({}, 3), 3);
  try {
    entry.parse({{"ratio", "0"}});
    FAIL() << "nothing was refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("[cbam] --ratio: expected 1 or more, got 0"));
  }
}

}  // namespace
}  // namespace graft::plugins::cbam
