#include "graft/tasks/accuracy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::tasks {
namespace {

const Predictions kFour{
    {"a", "b", "c", "d"},
    {0, 0, 1, -1},
    torch::tensor({0.7f, 0.2f, 0.1f, 0.3f, 0.6f, 0.1f, 0.4f, 0.5f, 0.1f, 0.0f, 0.0f, 1.0f}).view({4, 3})};

TEST(Accuracy, CountsLabelledPhotosAndClassesThatOccur) {
  const auto counts = count_classes(kFour);
  EXPECT_EQ(counts.count, 3);
  EXPECT_EQ(counts.correct, 2);
  EXPECT_DOUBLE_EQ(counts.accuracy(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(counts.mean_per_class(), 0.75);  // a half and a whole; the third class has no photo
  const decltype(counts.confusion) pairs = {{{0, 0}, 1}, {{0, 1}, 1}, {{1, 1}, 1}};
  EXPECT_EQ(counts.confusion, pairs);
  EXPECT_NEAR(counts.loss, -(std::log(0.7) + std::log(0.3) + std::log(0.5)) / 3, 1e-6);  // float32 probabilities
}

TEST(Accuracy, OfGroupsTheWorstStandsSecond) {
  Predictions predictions = kFour;
  predictions.groups = {"sea", "land", "sea", "land"};  // right, wrong, right, not known
  const auto counts = count_classes(predictions);
  EXPECT_EQ(counts.groups.at("sea").count, 2);
  EXPECT_EQ(counts.groups.at("sea").correct, 2);
  EXPECT_EQ(counts.groups.at("land").count, 1);
  EXPECT_EQ(counts.groups.at("land").correct, 0);
  const auto scores = score(counts, /*intervals=*/true);
  EXPECT_EQ(scores.all[1].name, "worst_group");
  EXPECT_EQ(scores.all[1].value, 0);
  EXPECT_EQ(scores.all[1].interval->high, wilson_interval(0, 1).high);
  EXPECT_EQ(scores.first().name, "accuracy");
  EXPECT_EQ(score(count_classes(kFour), true).find("worst_group"), nullptr);
}

TEST(Accuracy, OfEqualScoresTheLowerClassIsPredicted) {
  const auto counts = count_classes({{"a"}, {0}, torch::full({1, 2}, 0.5f)});
  EXPECT_EQ(counts.correct, 1);
}

TEST(Accuracy, TopIsBestFirst) {
  const auto best = top(kFour, 1, 2);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].first, 1);
  EXPECT_EQ(best[1].first, 0);
  EXPECT_FLOAT_EQ(static_cast<float>(best[0].second), 0.6f);
}

TEST(Accuracy, OfVeryManyClassesTheBestAreKeptAndScoreAsAll) {
  constexpr int64_t kClasses = kAllScores + 1, kPhotos = 5;
  torch::manual_seed(3);
  const auto logits = torch::randn({kPhotos, kClasses});
  logits[1][kClasses - 1] = 20;
  const std::vector<std::string> files(kPhotos, "x");
  const std::vector<int64_t> labels = {7, kClasses - 1, 0, -1, 500};
  PredictionRows rows(files, labels, kClasses);
  rows.add(logits.narrow(0, 0, 3));
  rows.add(logits.narrow(0, 3, 2));
  const auto few = rows.take();
  const Predictions all{files, labels, torch::softmax(logits, 1)};
  EXPECT_EQ(few.probabilities.size(1), kBestScores);
  for (int64_t i = 0; i < kPhotos; ++i)
    EXPECT_EQ(top(few, i, 5), top(all, i, 5)) << i;
  const auto a = count_classes(few), b = count_classes(all);
  EXPECT_EQ(a.correct, 1);
  EXPECT_EQ(a.correct, b.correct);
  EXPECT_EQ(a.confusion, b.confusion);
  EXPECT_EQ(a.class_count, b.class_count);
  EXPECT_DOUBLE_EQ(a.loss, b.loss);
}

TEST(Accuracy, AScoreThatIsNotFiniteNamesItsPhoto) {
  PredictionRows rows({"a.jpg", "b.jpg"}, {0, 1}, 2);
  const auto logits = torch::tensor({{1.0f, 2.0f}, {std::nanf(""), 0.0f}});
  try {
    rows.add(logits);
    FAIL() << "a score of NaN went unnoticed";
  } catch (const DivergenceError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("b.jpg: 1 of its 2 class scores are not finite (the first is nan)"));
  }
}

}  // namespace
}  // namespace graft::tasks
