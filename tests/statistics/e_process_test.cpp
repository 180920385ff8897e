#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/statistics/e_values.h"
#include "graft/statistics/gaussian_process.h"
#include "graft/statistics/item_betting.h"
#include "graft/statistics/sign_flip_process.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

TEST(SignFlipProcess, OfEightPairsHasTwelveDigits) {
  SignFlipProcess process;
  const std::vector<double> path = {
      1, 1.60849271089, .866083227368, 1.52892146864, 2.57522868893, 4.37378029054, 6.87148526208, 13.1158186763};
  EXPECT_EQ(process.value(), 1);
  for (size_t i = 0; i < 8; ++i) {
    process.add(kEight[i]);
    EXPECT_DIGITS(process.value(), path[i]);
  }
  EXPECT_DIGITS(process.anytime_p(), 1 / 13.1158186763);
}

TEST(SignFlipProcess, IsFairOverAllSignsAndSeldomReachesTwenty) {
  double mean = 0, reached = 0, largest = 0;
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    SignFlipProcess process;
    for (size_t i = 0; i < 8; ++i)
      process.add((pattern >> i & 1) != 0 ? kEight[i] : -kEight[i]);
    mean += process.value() / 256;
    largest = std::max(largest, process.value());
    reached += process.state().largest >= 20;
  }
  EXPECT_DIGITS(mean, 1);
  EXPECT_DIGITS(largest, 51.1521757602);
  EXPECT_EQ(reached / 256, .015625);
}

// A fair bet at most doubles: six pairs that agree are the least for twenty.
TEST(SignFlipProcess, SixEqualDifferencesAreTheLeast) {
  SignFlipProcess process;
  const std::vector<double> values = {5.64, 10.61, 20.12, 38.42};  // after 4, 5, 6, 7
  for (int n = 1; n <= 7; ++n) {
    process.add(0.3);
    if (n >= 4) {
      EXPECT_NEAR(process.value(), values[static_cast<size_t>(n - 4)], 0.005);
    }
  }
}

TEST(SignFlipProcess, GoesOnFromItsStateToTheSameBits) {
  SignFlipProcess whole, part;
  for (size_t i = 0; i < 5; ++i)
    part.add(kEight[i]);
  SignFlipProcess resumed(part.state());
  for (const double d : kEight)
    whole.add(d);
  for (size_t i = 5; i < 8; ++i)
    resumed.add(kEight[i]);
  EXPECT_EQ(resumed.value(), whole.value());
  EXPECT_EQ(resumed.anytime_p(), whole.anytime_p());
  EXPECT_EQ(resumed.state().log_wealth, whole.state().log_wealth);
}

TEST(SignFlipProcess, ZerosBetNothingAndHugeSeriesStayNumbers) {
  SignFlipProcess process;
  process.add(0);
  EXPECT_EQ(process.value(), 1);
  EXPECT_THROW(process.add(std::nan("")), DataError);
  EXPECT_EQ(process.state().pairs, 1);
  for (int i = 0; i < 5000; ++i)
    process.add(i % 2 == 0 ? 1e-9 : -1e-9);
  process.add(1e9);
  EXPECT_TRUE(std::isfinite(process.value()));
}

TEST(SignFlipSequence, HoldsTheCentresThatAreNotRefuted) {
  const auto found = sign_flip_sequence(kEight);
  EXPECT_DIGITS(found->low, -.739801614546);
  EXPECT_DIGITS(found->high, 17.0009388633);
  const std::vector<double> five(kEight.begin(), kEight.begin() + 5);
  EXPECT_TRUE(std::isinf(sign_flip_sequence(five)->low));
  EXPECT_TRUE(std::isinf(sign_flip_sequence({})->high));
}

TEST(GaussianProcess, OfEightPairsHasTwelveDigits) {
  GaussianProcess process;
  const std::vector<double> path = {
      1, 1.4941317406, .952747397035, 1.4410106796, 2.32922416016, 3.88708109718, 5.32963605153, 11.8243437087};
  for (size_t i = 0; i < 8; ++i) {
    process.add(kEight[i]);
    EXPECT_DIGITS(process.value(), path[i]);
  }
  EXPECT_DIGITS(process.interval()->low, -1.17859565498);
  EXPECT_DIGITS(process.interval()->high, 17.678595655);
  GaussianProcess resumed(process.state(), 1);
  resumed.add(3);
  process.add(3);
  EXPECT_EQ(resumed.value(), process.value());
}

// Half widths over the deviation.
TEST(GaussianProcess, IntervalsAreTheTables) {
  for (const auto& [pairs, half] :
       std::vector<std::pair<int64_t, double>>{{5, 3.78}, {6, 2.22}, {8, 1.50}, {10, 1.22}, {20, .77}, {50, .47}}) {
    GaussianProcess::State state;
    state.pairs = pairs;
    state.squares = static_cast<double>(pairs - 1);  // a deviation of 1
    EXPECT_NEAR(GaussianProcess(state, 1).interval()->high, half, 0.0051) << pairs;
  }
  GaussianProcess two;
  two.add(1);
  two.add(2);
  EXPECT_FALSE(two.interval());
}

TEST(GaussianProcess, ManyEqualDifferencesHaveTheLimit) {
  GaussianProcess process;
  for (int i = 0; i < 6; ++i)
    process.add(0.5);
  EXPECT_DIGITS(process.value(), std::pow(7, 2.5));
  GaussianProcess zeros;
  zeros.add(0);
  zeros.add(0);
  EXPECT_EQ(zeros.value(), 1);
}

const std::vector<double> kItems = {1, 0, 1, 1, -1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, -1, 1, 0, 1, 1};

TEST(ItemBetting, OfTwentyItemsHasTwelveDigits) {
  ItemBetting betting;
  for (const double d : kItems)
    betting.add(d);
  EXPECT_DIGITS(betting.value(), 21.388926224);
  EXPECT_DIGITS(item_betting_value(kItems, 0), 21.388926224);
  const auto interval = item_betting_interval(kItems);
  EXPECT_DIGITS(interval.low, .00508487415156);
  EXPECT_DIGITS(interval.high, .883531535099);
  EXPECT_NEAR(item_betting_value(kItems, interval.low), 20, 1e-9);
  // On the way more was refuted than by all together.
  const auto sequence = item_betting_sequence(kItems);
  EXPECT_EQ(sequence->low, interval.low);
  double narrowest = 1;
  for (size_t n = 1; n <= kItems.size(); ++n)
    narrowest = std::min(narrowest, item_betting_interval(std::span(kItems).first(n)).high);
  EXPECT_EQ(sequence->high, narrowest);
  EXPECT_LT(narrowest, interval.high);
}

TEST(ItemBetting, GoesOnFromItsStateAndRefusesWhatIsOutOfRange) {
  ItemBetting part, whole;
  for (size_t i = 0; i < 9; ++i)
    part.add(kItems[i]);
  ItemBetting resumed(part.state());
  for (size_t i = 0; i < kItems.size(); ++i) {
    whole.add(kItems[i]);
    if (i >= 9) resumed.add(kItems[i]);
  }
  EXPECT_EQ(resumed.value(), whole.value());
  EXPECT_EQ(resumed.anytime_p(), whole.anytime_p());
  EXPECT_THROW(whole.add(1.5), DataError);
  EXPECT_EQ(whole.state().items, 20);
}

TEST(ItemBetting, TheSequenceOnlyNarrows) {
  Random random(3);
  std::vector<double> d;
  Interval last{-1, 1};
  for (int i = 0; i < 400; ++i) {
    const double u = random.uniform();
    d.push_back(u < 0.3 ? 1 : u < 0.4 ? -1 : 0);
    if (i % 40 != 39) continue;
    const auto now = item_betting_sequence(d);
    ASSERT_TRUE(now);
    EXPECT_GE(now->low, last.low);
    EXPECT_LE(now->high, last.high);
    last = *now;
  }
  EXPECT_LT(last.low, 0.2);
  EXPECT_GT(last.high, 0.2);
  EXPECT_LT(last.high - last.low, 0.35);
  const std::vector<double> sure(50, 1.0);
  EXPECT_EQ(item_betting_sequence(sure)->high, 1);
  EXPECT_EQ(item_betting_sequence({})->low, -1);
  // A stream whose mean has moved from 1 to -1 leaves nothing.
  std::vector<double> moved(60, 1.0);
  moved.insert(moved.end(), 120, -1.0);
  EXPECT_FALSE(item_betting_sequence(moved));
}

TEST(EValues, SequentialMcNemarHasTwelveDigits) {
  EXPECT_DIGITS(sequential_mcnemar(12, 4), 1.58700561523);
  EXPECT_DIGITS(sequential_mcnemar(41, 25), .69370202008);
  EXPECT_DIGITS(sequential_mcnemar(13, 2), 18.1372070312);  // the twenty items above
  EXPECT_EQ(anytime_p(0.5), 1);
  EXPECT_EQ(anytime_p(40), 0.025);
  double mean = 0;  // fair: over all orders of ten discordant items
  for (int64_t b = 0; b <= 10; ++b)
    mean += std::exp(std::lgamma(11.0) - std::lgamma(b + 1.0) - std::lgamma(11.0 - b) - 10 * std::numbers::ln2) *
            sequential_mcnemar(b, 10 - b);
  EXPECT_DIGITS(mean, 1);
}

TEST(EValues, SetsAreAveragedOrMultiplied) {
  const std::vector<double> e = {4, 0.5, 1.5}, wrong = {1, std::nan("")};
  EXPECT_EQ(average_of_e(e), 2);
  EXPECT_EQ(product_of_e(e), 3);
  EXPECT_THROW(average_of_e(wrong), DataError);
  EXPECT_THROW(product_of_e({}), UsageError);
}

}  // namespace
}  // namespace graft::statistics
