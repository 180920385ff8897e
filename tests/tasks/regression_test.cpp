#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

Predictions numbers(const std::vector<float>& told, const std::vector<float>& truth) {
  Predictions p;
  p.target = data::Target::value;
  for (size_t i = 0; i < told.size(); ++i)
    p.files.push_back(std::to_string(i));
  p.labels.assign(told.size(), 0);
  p.probabilities = torch::tensor(told).unsqueeze(1);
  p.truth = torch::tensor(truth).unsqueeze(1);
  return p;
}

// By SciPy: spearmanr 0.82078, pearsonr 0.78970 of the first five, with a tie.
TEST(RegressionTask, CorrelationsShareTheRanksOfTies) {
  const auto scores =
      find_task("regression").make({})->score(numbers({1, 2, 2, 3, 5, 9}, {1.5F, 1, 3, 3.5F, 4, std::nanf("")}), true);
  EXPECT_EQ(scores.count, 5);
  EXPECT_EQ(scores.first().name, "spearman");
  EXPECT_NEAR(scores.value("spearman"), 0.8207826816681233, 1e-9);
  EXPECT_NEAR(scores.value("pearson"), 0.7896967932746348, 1e-6);
  EXPECT_NEAR(scores.value("rmse"), std::sqrt((0.25 + 1 + 1 + 0.25 + 1) / 5), 1e-6);
  EXPECT_LT(scores.first().interval->low, scores.first().value);
  EXPECT_LE(scores.first().interval->high, 1);
}

TEST(RegressionTask, WhatDoesNotVaryHasNoCorrelation) {
  const auto scores = find_task("regression").make({})->score(numbers({1, 1, 1, 1}, {1, 2, 3, 4}), true);
  EXPECT_TRUE(std::isnan(scores.value("spearman")));
  EXPECT_FALSE(scores.first().interval);
}

TEST(RegressionTask, LossIsTheSquaredError) {
  const auto task = find_task("regression").make({});
  EXPECT_FLOAT_EQ(task->loss(torch::tensor({{1.0F}, {2.0F}}), torch::tensor({{0.0F}, {4.0F}})).item<float>(), 5);
  EXPECT_THROW(find_task("regression").make({.label_smoothing = 0.1}), ConfigError);
}

}  // namespace
}  // namespace graft::tasks
