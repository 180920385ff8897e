#include "graft/core/quantities.h"

#include <gtest/gtest.h>

#include "graft/core/error.h"

namespace graft {
namespace {

TEST(Words, BytesAreReadAsPeopleWriteThem) {
  EXPECT_EQ(parse_bytes("plan", "memory", "4G"), 4'000'000'000);
  EXPECT_EQ(parse_bytes("plan", "memory", "1.5 GB"), 1'500'000'000);
  EXPECT_EQ(parse_bytes("plan", "memory", "900m"), 900'000'000);
  EXPECT_EQ(parse_bytes("plan", "memory", "2GiB"), int64_t{2} << 30);
  EXPECT_EQ(parse_bytes("plan", "memory", "1048576"), 1'048'576);
}

TEST(Words, WhatIsNoNumberOfBytesIsRefused) {
  for (const char* text : {"much", "4 gallons", "-1G", "0", "G"})
    EXPECT_THROW(parse_bytes("plan", "memory", text), ConfigError) << text;
}

}  // namespace
}  // namespace graft
