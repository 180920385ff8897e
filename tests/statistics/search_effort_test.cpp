#include "graft/statistics/search_effort.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <tuple>
#include <vector>

#include "graft/core/error.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kTrials = {.61, .64, .64, .70, .58, .66, .63};

using Schedule = std::vector<std::pair<int64_t, int64_t>>;
Schedule plain(const std::vector<Rung>& rungs) {
  Schedule schedule;
  for (const auto& rung : rungs)
    schedule.emplace_back(rung.configurations, rung.budget);
  return schedule;
}

TEST(SearchEffort, ExpectedBestHasTwelveDigits) {
  for (const auto& [n, plug_in, unbiased] :
       std::vector<std::tuple<int64_t, double, double>>{{2, .656326530612, .659523809524},
                                                        {3, .666180758017, .671142857143},
                                                        {5, .67759028976, .687619047619},
                                                        {7, .684476341855, .7}}) {
    EXPECT_DIGITS(expected_best(kTrials, n, BestOf::plug_in), plug_in);
    EXPECT_DIGITS(expected_best(kTrials, n, BestOf::unbiased), unbiased);
  }
  EXPECT_DIGITS(expected_best(kTrials, 10, BestOf::plug_in), .690744072094);
  EXPECT_THROW(expected_best(kTrials, 8, BestOf::unbiased), UsageError);
}

TEST(SearchEffort, BestOfOneIsTheMeanAndWeightsSumToOne) {
  EXPECT_DIGITS(expected_best(kTrials, 1, BestOf::plug_in), 4.46 / 7);
  EXPECT_DIGITS(expected_best(kTrials, 1, BestOf::unbiased), 4.46 / 7);
  for (const BestOf form : {BestOf::plug_in, BestOf::unbiased}) {
    for (const int64_t n : {1, 2, 30, 100}) {
      double sum = 0;
      for (const double weight : best_of_weights(100, n, form))
        sum += weight;
      EXPECT_DIGITS(sum, 1);
    }
  }
}

// Unbiased over subsets: of two out of three trials, each pair's winner by validation, ties shared.
TEST(SearchEffort, TheTestScoreIsThatOfTheTrialThatValidationPicks) {
  const std::vector<double> validation = {.7, .5, .6}, test = {.4, .9, .5};
  EXPECT_DIGITS(expected_test_of_best(validation, test, 2, BestOf::unbiased), (.4 + .4 + .5) / 3);
  const std::vector<double> tied = {.7, .5, .7};
  EXPECT_DIGITS(expected_test_of_best(tied, test, 2, BestOf::unbiased), .45);
  EXPECT_THROW(expected_test_of_best(tied, std::vector<double>{1}, 1, BestOf::plug_in), UsageError);
}

TEST(SearchEffort, DrawsForTheTopAreTheTables) {
  EXPECT_EQ(draws_for_top(.2), 14);
  EXPECT_EQ(draws_for_top(.1), 29);
  EXPECT_EQ(draws_for_top(.05), 59);
  EXPECT_EQ(draws_for_top(.02), 149);
}

TEST(SearchEffort, TwentySevenConfigurationsAreHalvedInThreeRungs) {
  const auto rungs = plain(successive_halving(27, 100, 900, 3));
  EXPECT_EQ(rungs, (Schedule{{27, 100}, {9, 300}, {3, 900}}));
  EXPECT_EQ(plain(successive_halving(10, 1, 100, 3)), (Schedule{{10, 1}, {4, 3}, {2, 9}}));
  EXPECT_EQ(plain(successive_halving(1, 5, 7, 2)), (Schedule{{1, 5}}));
  // Exhausting: the last rung has all there is.
  EXPECT_EQ(plain(successive_halving(10, 1, 900, 3, true)), (Schedule{{10, 100}, {4, 300}, {2, 900}}));
  EXPECT_EQ(plain(successive_halving(243, 1, 9, 3, true)), (Schedule{{243, 1}, {81, 3}, {27, 9}}));
}

// In floating point log(243, 3) is 4.999...: one rung too few.
TEST(SearchEffort, PowersOfThreeHaveAllTheirRungs) {
  int64_t power = 1;
  for (size_t e = 0; e <= 13; ++e, power *= 3)
    EXPECT_EQ(successive_halving(power, 1, 1'594'323, 3).size(), e + 1) << power;
}

TEST(SearchEffort, HalvingOfATotalSpendsNoMore) {
  EXPECT_EQ(plain(halving_of_total(16, 640)), (Schedule{{16, 10}, {8, 20}, {4, 40}, {2, 80}}));
  EXPECT_THROW(halving_of_total(16, 10), UsageError);
}

TEST(SearchEffort, HyperbandOf81IsTheTable) {
  const auto brackets = hyperband(81, 3);
  const std::vector<Schedule> expected = {{{81, 1}, {27, 3}, {9, 9}, {3, 27}, {1, 81}},
                                          {{34, 3}, {11, 9}, {3, 27}, {1, 81}},
                                          {{15, 9}, {5, 27}, {1, 81}},
                                          {{8, 27}, {2, 81}},
                                          {{5, 81}}};
  const std::vector<int64_t> costs = {405, 363, 351, 378, 405};
  ASSERT_EQ(brackets.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(plain(brackets[i]), expected[i]);
    int64_t cost = 0;
    for (const auto& rung : brackets[i])
      cost += rung.configurations * rung.budget;
    EXPECT_EQ(cost, costs[i]);
  }
}

}  // namespace
}  // namespace graft::statistics
