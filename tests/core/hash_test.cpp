#include "graft/core/hash.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(Hash, IsThirtyTwoHexadecimalDigitsAndRepeatable) {
  EXPECT_EQ(Hash().add("abc").hex(), Hash().add("abc").hex());
  EXPECT_EQ(Hash().add("abc").hex().size(), 32u);
}

TEST(Hash, TellsApartHowTextWasCut) {
  EXPECT_NE(Hash().add("ab").add("c").hex(), Hash().add("a").add("bc").hex());
}

TEST(Hash, OfNoBytesIsXxh3sEmptyDigest) {
  EXPECT_EQ(Hash().hex(), "99aa06d3014798d86001c324468d497f");
}

}  // namespace
}  // namespace graft
