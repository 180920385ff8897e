#include "graft/statistics/ranks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kScores = {.742, .731, .740, .651, .651, .640, .880, .871, .875,
                                     .512, .498, .520, .930, .925, .925, .604, .590, .601};

TEST(Ranks, SixSetsOfThreeMethodsHaveTwelveDigits) {
  const auto found = friedman(kScores, 6, 3, Random(1));
  EXPECT_DIGITS(found.mean_ranks[0], 1.25);
  EXPECT_DIGITS(found.mean_ranks[1], 2.66666666667);
  EXPECT_DIGITS(found.mean_ranks[2], 2.08333333333);
  EXPECT_DIGITS(found.ties, .916666666667);
  EXPECT_DIGITS(found.uncorrected, 6.08333333333);
  EXPECT_DIGITS(found.statistic, 6.63636363636);
  EXPECT_DIGITS(found.p, .0362186239684);
  EXPECT_DIGITS(found.f, 6.18644067797);
  EXPECT_DIGITS(found.p_f, .0178398172913);
  EXPECT_DIGITS(found.p_permutation, .0262345679012);
  EXPECT_TRUE(found.exact);
}

TEST(Ranks, NemenyiHasTwelveDigits) {
  const auto ranks = friedman(kScores, 6, 3, Random(1)).mean_ranks;
  EXPECT_DIGITS(nemenyi_p(ranks[0] - ranks[1], 6, 3), .0376099148196);
  EXPECT_DIGITS(nemenyi_p(ranks[0] - ranks[2], 6, 3), .318645081848);
  EXPECT_DIGITS(nemenyi_p(ranks[1] - ranks[2], 6, 3), .570286629722);
  EXPECT_DIGITS(nemenyi_difference(6, 3), 1.35313616445);
  EXPECT_NEAR(nemenyi_p(nemenyi_difference(9, 5, 0.1), 9, 5), 0.1, 1e-12);
  EXPECT_THROW(nemenyi_p(std::nan(""), 6, 3), DataError);
}

TEST(Ranks, SmallerMayBeBetter) {
  auto errors = kScores;
  for (double& score : errors)
    score = 1 - score;
  EXPECT_EQ(friedman(errors, 6, 3, Random(1), false).mean_ranks, friedman(kScores, 6, 3, Random(1)).mean_ranks);
}

TEST(Ranks, SetsThatAllAgreeHaveAnInfiniteFAndTiesEverywhereSayNothing) {
  const std::vector<double> agree = {1, 2, 3, 1, 2, 3, 1, 2, 3}, tied(9, 0.5);
  const auto found = friedman(agree, 3, 3, Random(1));
  EXPECT_TRUE(std::isinf(found.f));
  EXPECT_EQ(found.p_f, 0);
  EXPECT_DIGITS(found.p_permutation, 6 / 216.0);  // the same order in all: 6 of 6^3
  const auto none = friedman(tied, 3, 3, Random(1));
  EXPECT_EQ(none.ties, 0);
  EXPECT_EQ(none.p, 1);
  EXPECT_EQ(none.p_f, 1);
  EXPECT_EQ(none.p_permutation, 1);
  EXPECT_THROW(friedman(agree, 1, 9, Random(1)), UsageError);
  EXPECT_THROW(friedman(agree, 9, 1, Random(1)), UsageError);
}

// Four methods on three sets: 24^3 tables, counted here one by one.
TEST(Ranks, PermutationsOfFourAreCountedRight) {
  const std::vector<double> scores = {4, 3, 2, 1, 3, 4, 1, 1, 2, 2, 2, 1};
  const auto found = friedman(scores, 3, 4, Random(1));
  std::vector<std::vector<double>> ranks = {{1, 2, 3, 4}, {2, 1, 3.5, 3.5}, {2, 2, 2, 4}};
  double seen = 0, as_far = 0, all = 0;
  const auto squares = [](const std::vector<double>& a, const std::vector<double>& b, const std::vector<double>& c) {
    double sum = 0;
    for (size_t j = 0; j < 4; ++j)
      sum += (a[j] + b[j] + c[j]) * (a[j] + b[j] + c[j]);
    return sum;
  };
  seen = squares(ranks[0], ranks[1], ranks[2]);
  std::sort(ranks[1].begin(), ranks[1].end());
  std::sort(ranks[2].begin(), ranks[2].end());
  do {
    auto c = ranks[2];
    do {
      ++all;
      as_far += squares(ranks[0], ranks[1], c) >= seen - 1e-9;
    } while (std::next_permutation(c.begin(), c.end()));
  } while (std::next_permutation(ranks[1].begin(), ranks[1].end()));
  EXPECT_EQ(all, 12 * 4);
  EXPECT_DIGITS(found.p_permutation, as_far / all);
}

TEST(Ranks, OfManyMethodsTablesAreDrawnNearChiSquared) {
  Random random(12);
  std::vector<double> scores;
  for (int i = 0; i < 40 * 6; ++i)
    scores.push_back(random.normal() + (i % 6 == 0 ? 0.45 : 0));
  const auto found = friedman(scores, 40, 6, Random(1));
  EXPECT_FALSE(found.exact);
  EXPECT_NEAR(found.p_permutation, found.p, 0.01);
  EXPECT_EQ(found.p_permutation, friedman(scores, 40, 6, Random(1)).p_permutation);
}

const std::vector<double> kRanks = {3.6, 1.2, 2.4, 4.8, 1.9, 4.1};  // in order: 1, 4, 2, 0, 5, 3

TEST(Cliques, ByTheCriticalDifference) {
  EXPECT_EQ(order_of_ranks(kRanks), (std::vector<size_t>{1, 4, 2, 0, 5, 3}));
  EXPECT_EQ(cliques(kRanks, 1.35), (std::vector<Clique>{{0, 2}, {2, 3}, {3, 5}}));
  EXPECT_TRUE(cliques(kRanks, 0.1).empty());
  EXPECT_EQ(cliques(kRanks, 9), (std::vector<Clique>{{0, 5}}));
  const std::vector<double> edge = {1, 1.1, 1.3};
  EXPECT_EQ(cliques(edge, 0.3), (std::vector<Clique>{{0, 2}}));  // 1.3 - 1 is above 0.3 in floating point
}

TEST(Cliques, ABarOfPairsNeverRunsOverOneThatDiffers) {
  // 1st and 4th do not differ, but 2nd differs from 3rd: no bar can say it.
  const std::vector<double> ranks = {1, 2, 3, 4};
  std::vector<std::vector<bool>> differs(4, std::vector<bool>(4));
  differs[1][2] = differs[2][1] = true;
  EXPECT_EQ(cliques(ranks, differs), (std::vector<Clique>{{0, 1}, {2, 3}}));
  EXPECT_EQ(pairs_without_bar(ranks, differs), (std::vector<Clique>{{0, 2}, {0, 3}, {1, 3}}));
  EXPECT_THROW(cliques(ranks, std::vector<std::vector<bool>>(3)), UsageError);
}

}  // namespace
}  // namespace graft::statistics
