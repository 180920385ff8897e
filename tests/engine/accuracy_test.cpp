#include "graft/engine/accuracy.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace graft::engine {
namespace {

// Wilson 1927 at 95 %: 8 of 10 gives 0.4902 to 0.9433.
TEST(Accuracy, WilsonIntervalOfEightInTen) {
  const auto interval = wilson_interval(8, 10);
  EXPECT_NEAR(interval.low, 0.4902, 5e-5);
  EXPECT_NEAR(interval.high, 0.9433, 5e-5);
}

TEST(Accuracy, WilsonIntervalStaysWithinZeroAndOne) {
  EXPECT_DOUBLE_EQ(wilson_interval(0, 5).low, 0);
  EXPECT_DOUBLE_EQ(wilson_interval(5, 5).high, 1);
  EXPECT_DOUBLE_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_DOUBLE_EQ(wilson_interval(0, 0).high, 1);
}

const Predictions kFour{
    {"a", "b", "c", "d"},
    {0, 0, 1, -1},
    torch::tensor({0.7f, 0.2f, 0.1f, 0.3f, 0.6f, 0.1f, 0.4f, 0.5f, 0.1f, 0.0f, 0.0f, 1.0f}).view({4, 3})};

TEST(Accuracy, CountsLabelledPhotosAndClassesThatOccur) {
  const Scores scores = score(kFour);
  EXPECT_EQ(scores.count, 3);
  EXPECT_EQ(scores.correct, 2);
  EXPECT_DOUBLE_EQ(scores.accuracy, 2.0 / 3);
  EXPECT_DOUBLE_EQ(scores.mean_per_class, 0.75);  // a half and a whole; the third class has no photo
  EXPECT_EQ(scores.confusion[0], (std::vector<int64_t>{1, 1, 0}));
  EXPECT_EQ(scores.confusion[1], (std::vector<int64_t>{0, 1, 0}));
  EXPECT_NEAR(scores.loss, -(std::log(0.7) + std::log(0.3) + std::log(0.5)) / 3, 1e-6);  // float32 probabilities
}

TEST(Accuracy, OfEqualScoresTheLowerClassIsPredicted) {
  const Scores scores = score({{"a"}, {0}, torch::full({1, 2}, 0.5f)});
  EXPECT_EQ(scores.correct, 1);
}

TEST(Accuracy, TopIsBestFirst) {
  const auto best = top(kFour.probabilities, 1, 2);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].first, 1);
  EXPECT_EQ(best[1].first, 0);
  EXPECT_FLOAT_EQ(static_cast<float>(best[0].second), 0.6f);
}

}  // namespace
}  // namespace graft::engine
