#include "graft/nn/site.h"

#include <gtest/gtest.h>

namespace graft::nn {
namespace {

TEST(Site, APatternSelectsAWholePathOrItsEnd) {
  const std::string path = "vision.blocks.3.attn.qkv";
  EXPECT_TRUE(matches("qkv", path));
  EXPECT_TRUE(matches("attn.*", path));
  EXPECT_TRUE(matches("vision.blocks.*.attn.qkv", path));
  EXPECT_TRUE(matches("vision.blocks.?.attn.qkv", path));
  EXPECT_TRUE(matches("mlp.fc1,qkv", path));
  EXPECT_FALSE(matches("attn", path));
  EXPECT_FALSE(matches("kv", path));
  EXPECT_FALSE(matches("vision.blocks.3.attn", path));
  EXPECT_FALSE(matches("", path));
}

}  // namespace
}  // namespace graft::nn
