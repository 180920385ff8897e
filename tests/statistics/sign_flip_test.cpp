#include "graft/statistics/sign_flip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "graft/core/error.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

using Whole = std::span<const int64_t>;
using Real = std::span<const double>;

double p_of(const std::vector<int64_t>& d, Tail tail = Tail::both) {
  return sign_flip(Whole(d), tail, Random(1)).p;
}

// Every pattern of signs, counted.
double enumerated(const std::vector<int64_t>& d, Tail tail) {
  const int64_t seen = std::accumulate(d.begin(), d.end(), int64_t{0});
  int64_t as_far = 0;
  for (uint64_t pattern = 0; pattern < uint64_t{1} << d.size(); ++pattern) {
    int64_t sum = 0;
    for (size_t i = 0; i < d.size(); ++i)
      sum += (pattern >> i & 1) != 0 ? d[i] : -d[i];
    as_far += tail == Tail::both ? std::abs(sum) >= std::abs(seen) : sum >= seen;
  }
  return std::ldexp(static_cast<double>(as_far), -static_cast<int>(d.size()));
}

TEST(SignFlip, HasTheCountsOfTheTables) {
  EXPECT_EQ(p_of(kNine), 48 / 512.0);
  EXPECT_EQ(p_of(kSixWhole), 4 / 64.0);
  EXPECT_EQ(p_of(kEightWhole), 4 / 256.0);
  EXPECT_EQ(p_of(twenty_four()), std::ldexp(1'583'132, -24));
  EXPECT_DIGITS(p_of(twenty_four()), .0943620204926);
  const auto nine = sign_flip(Whole(kNine), Tail::both, Random(1));
  EXPECT_EQ(nine.nonzero, 7);
  EXPECT_EQ(nine.smallest, 2 / 128.0);
  EXPECT_TRUE(nine.exact);
}

TEST(SignFlip, SixDifferencesOfOneSignAreTheLeastForFivePerCent) {
  EXPECT_EQ(p_of({1, 2, 3, 4, 5, 6}), 2 / 64.0);
  EXPECT_EQ(p_of({1, 2, 3, 4, 5}), 2 / 32.0);
  EXPECT_EQ(p_of({3, 2, -1}), 4 / 8.0);  // of 6, 4, 2, 0 and their negatives, four are as far as 4
}

TEST(SignFlip, IsTheEnumerationWhateverWayItIsCounted) {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<int64_t> d(1 + random.below(12));
    const int64_t scale = round % 3 == 0 ? 1 : round % 3 == 1 ? 1000 : 100'000'000'007;  // the last: from halves
    for (int64_t& value : d)
      value = (static_cast<int64_t>(random.below(15)) - 6) * scale +
              (scale > 1 ? static_cast<int64_t>(random.below(9)) : 0);
    for (const Tail tail : {Tail::both, Tail::greater}) {
      EXPECT_EQ(p_of(d, tail), enumerated(d, tail));
      const std::vector<double> real(d.begin(), d.end());
      EXPECT_EQ(sign_flip(Real(real), tail, Random(1)).p, enumerated(d, tail));
    }
  }
}

TEST(SignFlip, DoesNotMindZerosOrderScaleOrWhoIsFirst) {
  std::vector<int64_t> d = twenty_four();
  const double p = p_of(d);
  std::vector<int64_t> other(d.rbegin(), d.rend());
  for (int64_t& value : other)
    value *= -7;
  other.insert(other.end(), 5, 0);
  EXPECT_EQ(p_of(other), p);
  EXPECT_EQ(p_of({0, 0, 0}), 1);
  EXPECT_EQ(p_of({}), 1);
}

// Of numbers that are no multiples of anything: sums of floats that are equal on paper count as equal.
TEST(SignFlip, SumsThatDifferByRoundingAreEqual) {
  const std::vector<double> d = {0.1, 0.2, -0.3};  // sums to 5.6e-17
  EXPECT_EQ(sign_flip(Real(d), Tail::both, Random(1)).p, 1);
  EXPECT_EQ(sign_flip(Real(kSix), Tail::both, Random(1)).p, 4 / 64.0);
}

TEST(SignFlip, IsAsRareAsItSaysOverAllSignsOfTheSameSizes) {
  std::vector<double> all;
  for (uint64_t pattern = 0; pattern < 512; ++pattern) {
    auto d = kNine;
    for (size_t i = 0; i < d.size(); ++i)
      d[i] = (pattern >> i & 1) != 0 ? d[i] : -d[i];
    all.push_back(p_of(d));
  }
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size(); ++i) {
    const auto at_most = std::upper_bound(all.begin(), all.end(), all[i]) - all.begin();
    EXPECT_LE(static_cast<double>(at_most), all[i] * 512);
  }
}

TEST(SignFlip, WithoutAWayToCountSignsAreDrawnNearTheTruthAndNeverToZero) {
  // 41 values of about 10^8: too many for halves, too large for the convolution. Their sum is normal enough.
  std::vector<int64_t> d;
  double squares = 0, sum = 0;
  for (int64_t i = 0; i < 41; ++i) {
    d.push_back((i % 3 == 0 ? -1 : 1) * (100'000'000 + 7919 * i));
    sum += static_cast<double>(d.back());
    squares += static_cast<double>(d.back()) * static_cast<double>(d.back());
  }
  const auto drawn = sign_flip(Whole(d), Tail::both, Random(5));
  EXPECT_FALSE(drawn.exact);
  EXPECT_EQ(drawn.p, sign_flip(Whole(d), Tail::both, Random(5)).p);
  EXPECT_NEAR(drawn.p, std::erfc(sum / std::sqrt(2 * squares)), 0.04);  // near equal sizes: a coarse lattice
  EXPECT_GT(drawn.error, 0);
  const std::vector<double> alike(60, 1.5);
  EXPECT_EQ(sign_flip(Real(alike), Tail::both, Random(1)).p, 1e-5);  // (0 + 1) / 100,000
}

TEST(SignFlip, SetsOfDifferentSizesCountByTheirShares) {
  // 3 of 10 and 1 of 4 items: in twentieths of a mean of two sets of one seed, 6 and 5.
  const std::vector<int64_t> ten = {3, -1}, four = {1, 1};
  const std::vector<SetDifferences> sets = {{ten, 10}, {four, 4}};
  EXPECT_EQ(stratified_sign_flip(sets, Tail::both, Random(1)).p, p_of({6, -2, 5, 5}));
  // With more seeds in one set, each counts less.
  const std::vector<int64_t> one = {1};
  const std::vector<SetDifferences> uneven = {{ten, 10}, {one, 10}};
  EXPECT_EQ(stratified_sign_flip(uneven, Tail::greater, Random(1)).p, p_of({3, -1, 2}, Tail::greater));
  // Sizes whose common multiple leaves 64 bits.
  std::vector<SetDifferences> large;
  for (const int64_t items : {999'999'937, 999'999'929, 999'999'893, 999'999'883})
    large.push_back({ten, items});
  EXPECT_EQ(stratified_sign_flip(large, Tail::both, Random(1)).nonzero, 8);
  const std::vector<SetDifferences> wrong = {{ten, 2}};
  EXPECT_THROW(stratified_sign_flip(wrong, Tail::both, Random(1)), DataError);
}

TEST(SignFlipInterval, IsTheOrderStatisticOfSubsetMeans) {
  const std::vector<double> six(kSixWhole.begin(), kSixWhole.end());
  const auto of_six = sign_flip_interval(six, 0.95, Random(1));
  EXPECT_EQ(of_six->interval.low, -2);
  EXPECT_EQ(of_six->interval.high, 19);
  EXPECT_EQ(of_six->coverage, 1 - 2 / 64.0);
  const auto of_eight = sign_flip_interval(kEight, 0.95, Random(1));
  EXPECT_DIGITS(of_eight->interval.low, 3);
  EXPECT_DIGITS(of_eight->interval.high, 13.3333333333);
  EXPECT_FALSE(sign_flip_interval(std::vector<double>{1, 2, 3, 4, 5}, 0.95, Random(1)));
  EXPECT_TRUE(sign_flip_interval(std::vector<double>{1, 2, 3, 4, 5}, 0.9, Random(1)));
}

TEST(SignFlipInterval, HoldsThetaExactlyWhereTheTestDoesNotRejectIt) {
  Random random(8);
  for (int round = 0; round < 12; ++round) {
    std::vector<double> d(6 + random.below(5));
    for (double& value : d)
      value = random.normal();
    const auto found = sign_flip_interval(d, 0.95, Random(1))->interval;
    for (int step = 0; step < 60; ++step) {
      const double theta = -1.5 + 0.05 * step;
      if (std::min(std::abs(theta - found.low), std::abs(theta - found.high)) < 1e-9) continue;
      auto moved = d;
      for (double& value : moved)
        value -= theta;
      const bool kept = sign_flip(Real(moved), Tail::both, Random(1)).p > 0.05;
      EXPECT_EQ(kept, found.low <= theta && theta <= found.high) << theta;
    }
  }
}

TEST(SignFlipInterval, CountsListsAndDrawsAlike) {
  Random random(4);
  std::vector<double> d(20);
  for (double& value : d)
    value = std::floor(random.normal() * 1000);
  const auto listed = sign_flip_interval(d, 0.95, Random(1))->interval;
  auto more = d;
  for (int i = 0; i < 3; ++i)
    more.push_back(std::floor(random.normal() * 1000));
  const auto counted = sign_flip_interval(more, 0.95, Random(1));
  EXPECT_TRUE(counted->exact);
  // The test at the ends, a little inside and a little outside, is the judge of what was counted.
  for (const auto& [theta, kept] : {std::pair{counted->interval.low + 1e-6, true},
                                    {counted->interval.low - 1e-6, false},
                                    {counted->interval.high - 1e-6, true},
                                    {counted->interval.high + 1e-6, false}}) {
    auto moved = more;
    for (double& value : moved)
      value -= theta;
    EXPECT_EQ(sign_flip(Real(moved), Tail::both, Random(1)).p > 0.05, kept);
  }
  auto many = d;
  while (many.size() < 60)
    many.push_back(std::floor(random.normal() * 1000));
  const auto drawn = sign_flip_interval(many, 0.95, Random(1));
  EXPECT_FALSE(drawn->exact);
  EXPECT_EQ(drawn->interval.low, sign_flip_interval(many, 0.95, Random(1))->interval.low);
  // About as wide as Student's: 2.0 standard errors to each side, with sixty values.
  double mean = 0, squares = 0;
  for (const double value : many)
    mean += value / 60;
  for (const double value : many)
    squares += (value - mean) * (value - mean);
  const double half = 2.001 * std::sqrt(squares / 59 / 60);
  EXPECT_NEAR(drawn->interval.low, mean - half, 0.1 * half);
  EXPECT_NEAR(drawn->interval.high, mean + half, 0.1 * half);
  EXPECT_LT(listed.low, listed.high);
}

TEST(SignFlip, ANumberThatIsNoneIsNamedByItsPlace) {
  const std::vector<double> d = {1, 2, std::numeric_limits<double>::infinity()};
  EXPECT_THROW(sign_flip(Real(d), Tail::both, Random(1)), DataError);
  EXPECT_THROW(sign_flip_interval(d, 0.95, Random(1)), DataError);
  const std::vector<int64_t> huge = {int64_t{1} << 61, 1};
  EXPECT_THROW(sign_flip(Whole(huge), Tail::both, Random(1)), UsageError);
}

}  // namespace
}  // namespace graft::statistics
