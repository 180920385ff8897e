#include "graft/statistics/power.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/equivalence.h"
#include "graft/statistics/students.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

TEST(Power, OfSixPairsAndAnEffectOfOneHasTwelveDigits) {
  EXPECT_DIGITS(paired_t_power(6, 1), .506841979959);
  EXPECT_DIGITS(paired_t_power(6, -1), .506841979959);
  EXPECT_DIGITS(paired_t_power(9, 0), 0.05);
  EXPECT_NEAR(paired_t_power(2, 1e3), 1, 1e-1);
}

TEST(Power, PairsForAnEffectAreTheTables) {
  const std::vector<std::tuple<double, int64_t, int64_t>> table = {{.25, 128, 171}, {.3, 90, 119}, {.5, 34, 44},
                                                                   {.75, 16, 21},   {1, 10, 13},   {1.25, 8, 9},
                                                                   {1.5, 6, 7},     {2, 5, 5},     {3, 4, 4}};
  for (const auto& [effect, at80, at90] : table) {
    EXPECT_EQ(pairs_for_effect(effect), at80) << effect;
    EXPECT_EQ(pairs_for_effect(effect, 0.9), at90) << effect;
    // Guenther's may be one short, at large effects.
    EXPECT_GE(guenther_pairs(effect), at80 - 1) << effect;
    EXPECT_LE(guenther_pairs(effect), at80) << effect;
    if (effect <= 1) {
      EXPECT_EQ(guenther_pairs(effect), at80) << effect;
    }
  }
}

TEST(Power, ADifferenceOfOneDeviationNeedsTenPairs) {
  EXPECT_EQ(pairs_needed(1, 1), 10);
  EXPECT_EQ(pairs_needed(-1, 1), 10);
  EXPECT_EQ(pairs_needed(0, 1), 0);
  EXPECT_EQ(pairs_needed(1, 0), 2);
  EXPECT_EQ(pairs_needed(1e-6, 1), 0);
  EXPECT_EQ(pairs_needed(0.2, 2.012963644519149), 798);
}

TEST(Power, TheLeastDetectableEffectIsTheTables) {
  for (const auto& [pairs, effect] : std::vector<std::pair<int64_t, double>>{{3, 3.26404354972},
                                                                             {5, 1.68199696555},
                                                                             {6, 1.43454478204},
                                                                             {8, 1.15603467801},
                                                                             {10, .996001371452},
                                                                             {12, .888654265296},
                                                                             {20, .660441654623},
                                                                             {30, .529235615113}}) {
    EXPECT_NEAR(least_detectable_effect(pairs), effect, 1e-9);  // the table's search stopped there
  }
}

TEST(Power, APilotsDeviationMayBeTwiceTooSmall) {
  EXPECT_DIGITS(deviation_upper_bound(1, 3), 2.11693649355);
  EXPECT_DIGITS(deviation_upper_bound(1, 5), 1.55757542256);
  EXPECT_DIGITS(deviation_upper_bound(1, 6), 1.46097243623);
  EXPECT_DIGITS(deviation_upper_bound(2, 10), 2 * 1.29338544447);
  EXPECT_DIGITS(deviation_upper_bound(1, 10, 0.95), 1.64519757439);
  EXPECT_THROW(deviation_upper_bound(1, 1), UsageError);
}

// Six must all agree: Phi(e)^6 on one side.
TEST(Power, SixSeedsAreTheWorstPlaceToBe) {
  const Random random(11);
  for (const auto& [pairs, effect, power] : std::vector<std::tuple<int64_t, double, double>>{
           {6, 0.5, .11}, {6, 1, .37}, {6, 2, .88}, {7, 1, .55}, {8, 1, .65}, {8, 1.5, .93}, {10, 1, .79}}) {
    const auto found = sign_flip_power(pairs, effect, random.fork(static_cast<uint64_t>(pairs)));
    EXPECT_NEAR(found.power, power, 0.035) << pairs << " " << effect;
    EXPECT_TRUE(found.normal);
    EXPECT_LT(found.error, 0.0113);
  }
  EXPECT_NEAR(sign_flip_power(6, 1.79273672058, random).power, 0.8, 0.03);
}

TEST(Power, APilotOfEightIsDrawnFromAndOneOfSevenIsTooSmall) {
  const std::vector<double> pilot = {-1, -1, -1, -1, 1, 1, 1, 1};
  const auto drawn = sign_flip_power(8, pilot, 3, Random(2));
  EXPECT_FALSE(drawn.normal);
  EXPECT_EQ(drawn.power, 1);  // 3 +- 1 is always positive
  EXPECT_EQ(drawn.error, 0);
  const std::vector<double> seven(pilot.begin(), pilot.end() - 1);
  EXPECT_TRUE(sign_flip_power(8, seven, 3, Random(2)).normal);
}

TEST(Equivalence, HasTwelveDigits) {
  const auto tight = paired_equivalence(kSix, .010);
  EXPECT_DIGITS(tight.low_t, 6.49315848938);
  EXPECT_DIGITS(tight.high_t, -.655272875075);
  EXPECT_DIGITS(tight.p, .270618658741);
  EXPECT_DIGITS(tight.interval.low, .00252893085975);
  EXPECT_DIGITS(tight.interval.high, .0138044024736);
  EXPECT_DIGITS(paired_equivalence(kSix, .015).p, .0292410347902);
  EXPECT_DIGITS(paired_equivalence(kSix, .020).high_t, -4.2294885573);
  EXPECT_DIGITS(paired_equivalence(kSix, .020).p, .00412615633456);
}

TEST(Equivalence, BySignFlipsIsExact) {
  const Random random(1);
  EXPECT_EQ(sign_flip_equivalence(kSix, .010, random).p, .28125);
  EXPECT_EQ(sign_flip_equivalence(kSix, .015, random).p, .046875);
  EXPECT_EQ(sign_flip_equivalence(kSix, .020, random).p, .015625);
  EXPECT_EQ(sign_flip_equivalence(kSix, .020, random).p_low, .015625);
  const std::vector<double> four(4, 0.0), five(5, 0.0);
  EXPECT_GT(sign_flip_equivalence(four, 1, random).p, 0.05);
  EXPECT_LT(sign_flip_equivalence(five, 1, random).p, 0.05);
}

TEST(Equivalence, IsShownExactlyWhereTheIntervalLiesInsideTheMargin) {
  Random random(6);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> d(3 + random.below(10));
    for (double& value : d)
      value = random.normal() * 0.5 + 0.2;
    const double margin = random.uniform(0.1, 1.5);
    const auto found = paired_equivalence(d, margin);
    EXPECT_EQ(found.p <= 0.05, found.interval.low >= -margin && found.interval.high <= margin);
  }
}

TEST(Equivalence, NeedsTheTablesPairs) {
  for (const auto& [margin, pairs] :
       std::vector<std::pair<double, int64_t>>{{.5, 36}, {.75, 17}, {1, 11}, {1.5, 6}, {2, 4}})
    EXPECT_EQ(pairs_for_equivalence(margin), pairs) << margin;
}

TEST(Equivalence, IdenticalDifferencesAreSaidAndAMarginIsPositive) {
  const std::vector<double> d(4, 0.01);
  EXPECT_TRUE(paired_equivalence(d, 0.02).identical);
  EXPECT_EQ(paired_equivalence(d, 0.02).p, 0);
  EXPECT_EQ(paired_equivalence(d, 0.005).p, 1);
  EXPECT_THROW(paired_equivalence(d, 0), UsageError);
  EXPECT_THROW(sign_flip_equivalence(d, std::nan(""), Random(1)), UsageError);
}

}  // namespace
}  // namespace graft::statistics
