#include "graft/statistics/multiplicity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kP = {.004, .020, .030, .011, .200, .011};

TEST(Multiplicity, HolmAndBenjaminiHochbergOfSix) {
  const auto strict = holm(kP), loose = benjamini_hochberg(kP);
  const std::vector<double> expected_strict = {.024, .06, .06, .055, .2, .055},
                            expected_loose = {.022, .03, .036, .022, .2, .022};
  for (size_t i = 0; i < kP.size(); ++i) {
    EXPECT_DIGITS(strict[i], expected_strict[i]);
    EXPECT_DIGITS(loose[i], expected_loose[i]);
  }
}

TEST(Multiplicity, HolmMultipliesTheSmallestByAllAndNeverFalls) {
  const std::vector<double> p = {0.04, 0.01, 0.03}, large = {0.8, 0.9};
  const auto adjusted = holm(p);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.03);  // 0.01 * 3
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);  // 0.03 * 2
  EXPECT_DOUBLE_EQ(adjusted[0], 0.06);  // 0.04 * 1 is less than the one before
  EXPECT_DOUBLE_EQ(holm(large)[0], 1);
  EXPECT_TRUE(holm({}).empty());
}

TEST(Multiplicity, BothKeepTheOrderOfPAndHolmIsTheStricter) {
  Random random(2);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> p(1 + random.below(12));
    for (double& value : p)
      value = random.below(4) == 0 ? 0.02 : random.uniform() * random.uniform();
    const auto strict = holm(p), loose = benjamini_hochberg(p);
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_GE(strict[i], loose[i] - 1e-15);
      EXPECT_GE(loose[i], p[i] - 1e-15);
      for (size_t j = 0; j < p.size(); ++j) {
        if (p[i] > p[j]) continue;
        EXPECT_LE(strict[i], strict[j]);
        EXPECT_LE(loose[i], loose[j]);
      }
    }
  }
}

TEST(Multiplicity, OfFourEValuesTwoAreRejected) {
  const std::vector<double> e = {12, 120, 1, 45}, none = {60, 30, 12, 5};
  EXPECT_EQ(e_benjamini_hochberg(e), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(e_benjamini_hochberg(none), std::vector<bool>(4));
}

TEST(Multiplicity, SixMethodsArePairsForTenSeeds) {
  const std::vector<std::pair<int64_t, int64_t>> table = {{1, 6},   {3, 7},   {6, 8},  {10, 9},
                                                          {15, 10}, {28, 11}, {66, 12}};
  for (const auto& [comparisons, pairs] : table)
    EXPECT_EQ(pairs_for_holm(comparisons), pairs);
}

TEST(Multiplicity, WhatIsNoProbabilityIsNamedByItsPlace) {
  const std::vector<double> p = {0.1, std::nan(""), 0.2}, e = {1, -1};
  EXPECT_THROW(holm(p), DataError);
  EXPECT_THROW(benjamini_hochberg(p), DataError);
  EXPECT_THROW(e_benjamini_hochberg(e), DataError);
}

}  // namespace
}  // namespace graft::statistics
