#include "graft/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace graft {
namespace {

TEST(Random, TheSameSeedGivesTheSameStream) {
  Random a(7), b(7);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(a.bits(), b.bits());
}

TEST(Random, AForkDoesNotDependOnWhatWasDrawnBefore) {
  Random a(7), b(7);
  a.bits();
  a.normal();
  EXPECT_EQ(a.fork("dropout").fork(3).bits(), b.fork("dropout").fork(3).bits());
  EXPECT_NE(a.fork("dropout").bits(), a.fork("order").bits());
  EXPECT_NE(a.fork(1).bits(), a.fork(2).bits());
}

TEST(Random, BelowIsUniformOverSmallRanges) {
  Random random(1);
  std::vector<int> counts(6);
  const int draws = 60000;
  for (int i = 0; i < draws; ++i)
    counts[random.below(6)] += 1;
  double chi2 = 0;
  for (const int count : counts)
    chi2 += std::pow(count - draws / 6.0, 2) / (draws / 6.0);
  EXPECT_LT(chi2, 20.5);  // 5 degrees of freedom: p = 0.001
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  Random random(2);
  double sum = 0, squares = 0;
  const int draws = 100000;
  for (int i = 0; i < draws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / draws, 0, 4 / std::sqrt(draws));
  EXPECT_NEAR(squares / draws, 1, 4 * std::sqrt(2.0 / draws));
}

TEST(Random, UniformStaysInItsHalfOpenInterval) {
  Random random(3);
  for (int i = 0; i < 10000; ++i) {
    const double x = random.uniform(-2, 5);
    ASSERT_GE(x, -2);
    ASSERT_LT(x, 5);
  }
}

}  // namespace
}  // namespace graft
