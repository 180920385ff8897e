#include "graft/nn/layout.h"

#include <gtest/gtest.h>

namespace graft::nn {
namespace {

TEST(Layout, RowsPutInShiftWhatFollows) {
  const Layout before{{{TokenKind::class_token, 1}, {TokenKind::register_token, 4}, {TokenKind::patch, 9}}, 1};
  EXPECT_EQ(before.total(), 14);
  EXPECT_EQ(before.begin(TokenKind::patch), 5);
  EXPECT_EQ(before.begin(TokenKind::prompt), -1);
  const auto after = before.with(TokenKind::prompt, 10, 1);
  EXPECT_EQ(after.total(), 24);
  EXPECT_EQ(after.begin(TokenKind::class_token), 0);
  EXPECT_EQ(after.begin(TokenKind::prompt), 1);
  EXPECT_EQ(after.begin(TokenKind::register_token), 11);
  EXPECT_EQ(after.begin(TokenKind::patch), 15);
  EXPECT_EQ(before.with(TokenKind::prompt, 2, 14).begin(TokenKind::prompt), 14);
}

}  // namespace
}  // namespace graft::nn
