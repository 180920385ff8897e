#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

Predictions three_classes() {
  Predictions p;
  p.labels = {0, 0, 0, 1, 1, 2, 2, -1};
  const std::vector<int64_t> told = {0, 0, 1, 1, 0, 2, 2, 2};
  p.probabilities = torch::full({8, 3}, 0.1F);
  for (size_t i = 0; i < told.size(); ++i) {
    p.files.push_back(std::to_string(i));
    p.probabilities[static_cast<int64_t>(i)][told[i]] = 0.8F;
  }
  return p;
}

// By scikit-learn: f1_score(macro) 0.7222, matthews_corrcoef 0.5625.
TEST(ClassificationTask, ScoresAreThoseOfTheirDefinitions) {
  const auto task = find_task("classification").make({});
  const auto scores = task->score(three_classes(), false);
  EXPECT_EQ(scores.count, 7);
  EXPECT_DOUBLE_EQ(scores.first().value, 5.0 / 7);
  EXPECT_NEAR(scores.value("mean_per_class"), (2.0 / 3 + 1.0 / 2 + 1) / 3, 1e-12);
  EXPECT_NEAR(scores.value("macro_f1"), (2.0 / 3 + 1.0 / 2 + 1) / 3, 1e-12);
  EXPECT_NEAR(scores.value("mcc"), 0.5625, 1e-4);
  EXPECT_FALSE(scores.find("mcc")->interval);
}

TEST(ClassificationTask, IntervalsHoldTheScoreAndNarrowWithMoreExamples) {
  const auto task = find_task("classification").make({});
  const auto few = three_classes();
  Predictions many;
  for (int i = 0; i < 16; ++i) {
    many.files.insert(many.files.end(), few.files.begin(), few.files.end());
    many.labels.insert(many.labels.end(), few.labels.begin(), few.labels.end());
  }
  many.probabilities = few.probabilities.repeat({16, 1});
  for (const char* name : {"accuracy", "macro_f1", "mcc"}) {
    const auto a = task->score(few, true), b = task->score(many, true);
    const auto *wide = a.find(name), *narrow = b.find(name);
    ASSERT_TRUE(wide->interval && narrow->interval) << name;
    EXPECT_NEAR(wide->value, narrow->value, 1e-12);
    EXPECT_LT(wide->interval->low, wide->value);
    EXPECT_GT(wide->interval->high, wide->value);
    EXPECT_LT(narrow->interval->high - narrow->interval->low, wide->interval->high - wide->interval->low);
  }
}

TEST(ClassificationTask, TakesALossByItsName) {
  const auto logits = torch::tensor({{2.0F, 0.0F}, {0.0F, 1.0F}}), labels = torch::tensor({0, 1}, at::kLong);
  const auto plain = find_task("classification").make({});
  EXPECT_NEAR(plain->loss(logits, labels).item<double>(), std::log1p(std::exp(-2)) + std::log1p(std::exp(-1)), 1e-6);
  EXPECT_LT(find_task("classification").make({.loss = "focal"})->loss(logits, labels).item<double>(),
            plain->loss(logits, labels).item<double>());
  EXPECT_THROW(find_task("classification").make({.loss = "focol"}), UsageError);
}

TEST(ClassificationTask, ALossIsToldTheClassesWithTheirCountsAndTheEpoch) {
  const auto logits = torch::zeros({1, 2}), label = torch::tensor({1}, at::kLong);
  const auto ldam = find_task("classification")
                        .make({.loss = "ldam:margin=0,reweight-from=2", .classes = {"a", "b"}, .counts = {30, 10}});
  EXPECT_NEAR(ldam->loss(logits, label, 0).item<double>(), std::log(2), 1e-6);
  EXPECT_GT(ldam->loss(logits, label, 1).item<double>(), 1.4 * std::log(2));
  EXPECT_EQ(ldam->weight(label, 0), 1);
  EXPECT_GT(ldam->weight(label, 1), 1.4);
  EXPECT_THROW(find_task("classification").make({.loss = "ldam"}), ConfigError);
}

}  // namespace
}  // namespace graft::tasks
