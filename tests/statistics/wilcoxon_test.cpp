#include "graft/statistics/wilcoxon.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

Wilcoxon of(const std::vector<int64_t>& d, Zeros zeros = Zeros::wilcox) {
  return wilcoxon(std::span<const int64_t>(d), zeros);
}

TEST(Wilcoxon, TreatsZerosAsEachOfTheThreeBooksDoes) {
  const auto dropped = of(kNine, Zeros::wilcox), ranked = of(kNine, Zeros::pratt), split = of(kNine, Zeros::zsplit);
  EXPECT_EQ(dropped.positive, 25);
  EXPECT_EQ(dropped.negative, 3);
  EXPECT_EQ(dropped.p, .0625);
  EXPECT_DIGITS(dropped.p_normal, .0620391766238);
  EXPECT_DIGITS(dropped.p_corrected, .0748803140401);
  EXPECT_EQ(ranked.positive, 35);
  EXPECT_EQ(ranked.negative, 7);
  EXPECT_EQ(ranked.p, .109375);
  EXPECT_DIGITS(ranked.p_normal, .0936762827416);
  EXPECT_DIGITS(ranked.p_corrected, .105997548425);
  EXPECT_EQ(split.positive, 36.5);
  EXPECT_EQ(split.negative, 8.5);
  EXPECT_EQ(split.p, .109375);
  EXPECT_DIGITS(split.p_normal, .0963206751622);
  EXPECT_DIGITS(split.p_corrected, .108809430041);
}

TEST(Wilcoxon, IsExactWithTiesAndZerosAmongTwentyFour) {
  const auto dropped = of(twenty_four()), ranked = of(twenty_four(), Zeros::pratt);
  EXPECT_EQ(dropped.positive, 191.5);
  EXPECT_EQ(dropped.negative, 84.5);
  EXPECT_DIGITS(dropped.p, .106066942215);
  EXPECT_DIGITS(dropped.p_normal, .103474883469);
  EXPECT_EQ(ranked.positive, 205.5);
  EXPECT_EQ(ranked.negative, 93.5);
  EXPECT_DIGITS(ranked.p, .111993312836);
  EXPECT_DIGITS(ranked.p_normal, .109363125304);
}

TEST(Wilcoxon, OfThreeValuesCountedByHand) {
  EXPECT_EQ(of({3, 2, -1}).p, 4 / 8.0);     // ranks 1 (of -1), 2, 3: sums 0 and 1 have 2 of 8 patterns
  EXPECT_EQ(of({0, 1, -1, 2}).p, 6 / 8.0);  // 1.5, 1.5, 3 without the zero: {}, {1.5}, {1.5} are 3 of 8
  EXPECT_EQ(of({0, 0}).p, 1);
  EXPECT_EQ(of({}).p, 1);
}

// Fifteen wins, fifteen losses and forty zeros: an old SciPy said 0.015.
TEST(Wilcoxon, AsManyWinsAsLossesIsNoEvidence) {
  std::vector<int64_t> d(15, 1);
  d.insert(d.end(), 40, 0);
  d.insert(d.end(), 15, -1);
  for (const Zeros zeros : {Zeros::wilcox, Zeros::pratt, Zeros::zsplit})
    EXPECT_EQ(of(d, zeros).p, 1);
}

// Four accuracies whose differences are -25, 50, 50, -50 in thousandths: as floats two of the ties break.
TEST(Wilcoxon, WholeItemsKeepTheTiesThatFloatsBreak) {
  EXPECT_EQ(of({-25, 50, 50, -50}).positive, 6);
  const std::vector<double> broken = {0.5 - 0.525, 0.825 - 0.775, 0.375 - 0.325, 0.5 - 0.55};
  EXPECT_NE(wilcoxon(broken).positive, 6);
}

TEST(Wilcoxon, OfAThousandIsCountedAndOfMoreTakenForNormal) {
  std::vector<int64_t> d;
  for (int64_t i = 1; i <= 1000; ++i)
    d.push_back(i % 100 < 54 ? i : -i);
  const auto counted = of(d);
  EXPECT_TRUE(counted.exact);
  EXPECT_NEAR(counted.p, counted.p_normal, 0.01 * counted.p);
  d.push_back(1);
  EXPECT_FALSE(of(d).exact);
  const std::vector<double> wrong = {std::nan("")};
  EXPECT_THROW(wilcoxon(wrong), DataError);
}

}  // namespace
}  // namespace graft::statistics
