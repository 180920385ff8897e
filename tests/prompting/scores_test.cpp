#include "graft/prompting/scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/prompting/choice_scores.h"

namespace graft::prompting {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TEST(ChoiceScores, DivideByCharactersAndByBytes) {
  const std::vector<std::string> choices = {"ab", "\xc3\xa9\xc3\xa9"};  // two letters each, the second of four bytes
  const std::vector<double> sums = {-4, -6};
  EXPECT_THAT(per_character(sums, choices), ElementsAre(-2, -3));
  EXPECT_THAT(per_byte(sums, choices), ElementsAre(-2, -1.5));
  EXPECT_THAT(given_context(sums, std::vector<double>{-1, -5}), ElementsAre(-3, -1));
  EXPECT_EQ(best_of(std::vector<double>{-1, 0, 0}), 1U);
}

TEST(ChoiceScores, CalibrationDividesByWhatInputsWithoutContentGive) {
  // p = (0.6, 0.3); p_cf = mean of (0.8, 0.1) and (0.6, 0.3) = (0.7, 0.2)
  const std::vector<double> sums = {std::log(0.6), std::log(0.3)};
  const std::vector<std::vector<double>> content_free = {{std::log(0.8), std::log(0.1)},
                                                         {std::log(0.6), std::log(0.3)}};
  EXPECT_THAT(calibrated(sums, content_free),
              ElementsAre(DoubleNear(std::log(0.6 / 0.7), 1e-12), DoubleNear(std::log(0.3 / 0.2), 1e-12)));
  const std::vector<double> far = {-2000, -2001};  // no probability is left of these in numbers
  EXPECT_THAT(calibrated(far, std::vector<std::vector<double>>{{-2000, -2003}}), ElementsAre(0, 2));
}

TEST(ChoiceScores, BrierIsTheSquaredDistanceFromTheRightOne) {
  EXPECT_NEAR(brier_score(std::vector<double>{std::log(0.7), std::log(0.3)}, 0), 0.09 + 0.09, 1e-12);
  EXPECT_NEAR(brier_score(std::vector<double>{-3, -3}, 1), 0.5, 1e-12);
}

TEST(Scores, OfSharesHaveWilsonsInterval) {
  const auto score = mean_score("acc", std::vector<double>{1, 1, 0, 1});
  EXPECT_DOUBLE_EQ(score.value, 0.75);
  EXPECT_NEAR(score.standard_error, std::sqrt(0.25 / 4), 1e-12);  // sd of a sample, over the root of n
  EXPECT_DOUBLE_EQ(score.interval.low, wilson_interval(3, 4).low);
  EXPECT_EQ(score.count, 4);
  EXPECT_THROW(mean_score("acc", {}), DataError);
}

TEST(Scores, OfPerplexityWeighTextsByTheirLength) {
  const std::vector<Weighted> texts = {{-std::log(2.0) * 10, 10}, {-std::log(8.0) * 30, 30}};
  EXPECT_NEAR(perplexity_score("word_perplexity", texts).value,
              std::exp((10 * std::log(2.0) + 30 * std::log(8.0)) / 40), 1e-12);
  const auto bits = perplexity_score("bits_per_byte", texts);
  EXPECT_NEAR(bits.value, (10 * 1 + 30 * 3) / 40.0, 1e-12);
  EXPECT_NEAR(bits.interval.low, 1, 1e-9);  // both draws the first text
  EXPECT_NEAR(bits.interval.high, 3, 1e-9);
  EXPECT_FALSE(bits.higher_is_better);
}

TEST(Scores, CountWordsAsPythonsSplitAtWhiteSpaceDoes) {
  EXPECT_EQ(count_words("a b\t\nc"), 3);
  EXPECT_EQ(count_words(" a "), 3);
  EXPECT_EQ(count_words(""), 1);
}

}  // namespace
}  // namespace graft::prompting
