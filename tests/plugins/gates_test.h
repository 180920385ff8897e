// What the tests of blocks with gates ask of each of them.
#pragma once

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "tests/plugins/block_golden.h"

namespace graft::plugins {

inline void expect_gates_at_one_or_near_a_half(const std::string& block) {
  const auto x = torch::rand({2, 32, 5, 5}) + 1;
  EXPECT_TRUE(at::equal(run_block(*made_block(block, {}, 32), x, {}), x));
  const auto halved = run_block(*made_block(block, {{"start", "paper"}}, 32), x, {}) / x;
  EXPECT_GT(halved.min().item<float>(), 0.05);
  EXPECT_LT(halved.max().item<float>(), 0.9);
}

inline void expect_width_as_asked_but_four(const std::string& block) {
  const auto width = [&](const OptionValues& options, int64_t channels) {
    return made_block(block, options, channels)->named_parameters()["down_weight"].size(0);
  };
  EXPECT_EQ(width({}, 256), 16);
  EXPECT_EQ(width({{"ratio", "4"}}, 256), 64);
  EXPECT_EQ(width({}, 16), 4);
  EXPECT_EQ(width({}, 3), 3);
  try {
    made_block(block, {{"ratio", "0"}}, 32);
    FAIL() << "nothing was refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("[" + block + "] --ratio: expected 1 or more, got 0"));
  }
}

}  // namespace graft::plugins
