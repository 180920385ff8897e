#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/tasks/retrieval.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Photos and texts whose similarities are those of a table: photos are its rows, texts unit vectors.
Predictions pairs_of(const at::Tensor& similar, const std::vector<int64_t>& text_of, std::vector<std::string> files) {
  Predictions p;
  p.target = data::Target::caption;
  p.files = std::move(files);
  p.labels.assign(p.files.size(), 0);
  p.probabilities = similar;
  p.truth = torch::eye(similar.size(1)).index_select(0, torch::tensor(at::IntArrayRef(text_of)));
  return p;
}

RetrievalRanks ranks_of(const Predictions& p) {
  return retrieval_ranks(p.probabilities, p.truth, p.files);
}

TEST(PairsTask, ARankIsHowManyWrongOnesStandBefore) {
  const auto p =
      pairs_of(torch::tensor({{0.9F, 0.1F, 0.2F}, {0.8F, 0.7F, 0.1F}, {0.3F, 0.6F, 0.5F}}), {0, 1, 2}, {"a", "b", "c"});
  EXPECT_THAT(ranks_of(p).of_photos, ElementsAre(0, 1, 1));
  EXPECT_THAT(ranks_of(p).of_texts, ElementsAre(0, 0, 0));
  const auto scores = find_task("pairs").make({})->score(p, true);
  EXPECT_EQ(scores.count, 3);
  EXPECT_EQ(scores.first().name, "mean_recall");
  EXPECT_NEAR(scores.value("image_to_text_r1"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(scores.value("image_to_text_r5"), 1, 1e-12);
  EXPECT_NEAR(scores.value("text_to_image_r1"), 1, 1e-12);
  EXPECT_NEAR(scores.first().value, (1.0 / 3 + 5) / 6, 1e-12);
  ASSERT_TRUE(scores.first().interval);
  EXPECT_LT(scores.first().interval->low, scores.first().value);
  EXPECT_EQ(scores.all.size(), find_task("pairs").make({})->score_names().size());
}

TEST(PairsTask, TiesCountAgainstTheQuery) {
  const auto p = pairs_of(torch::ones({4, 4}), {0, 1, 2, 3}, {"a", "b", "c", "d"});
  EXPECT_THAT(ranks_of(p).of_photos, ElementsAre(3, 3, 3, 3));
  EXPECT_THAT(ranks_of(p).of_texts, ElementsAre(3, 3, 3, 3));
}

TEST(PairsTask, TheSameCaptionIsOneTextAndAnyOfItsPhotosIsRight) {
  // The first two have one caption; the text finds the second first.
  const auto p = pairs_of(torch::tensor({{0.2F, 0.1F}, {0.9F, 0.1F}, {0.5F, 0.8F}}), {0, 0, 1}, {"a", "b", "c"});
  EXPECT_THAT(ranks_of(p).of_photos, ElementsAre(0, 0, 0));
  EXPECT_THAT(ranks_of(p).of_texts, ElementsAre(0, 0));
}

TEST(PairsTask, APhotoWithSeveralCaptionsIsOnePhotoAndAnyOfThemIsRight) {
  const auto p =
      pairs_of(torch::tensor({{0.2F, 0.9F, 0.5F}, {0.2F, 0.9F, 0.5F}, {0.1F, 0.2F, 0.1F}}), {0, 1, 2}, {"a", "a", "b"});
  EXPECT_THAT(ranks_of(p).of_photos, ElementsAre(0, 2));
  EXPECT_THAT(ranks_of(p).of_texts, ElementsAre(0, 0, 1));
}

TEST(PairsTask, WhatIsNotCaptionedIsNotScored) {
  auto p = pairs_of(torch::eye(3), {0, 1, 2}, {"a", "b", "c"});
  p.truth[2].fill_(std::nanf(""));
  EXPECT_EQ(find_task("pairs").make({})->score(p, true).count, 2);
  p.truth.fill_(std::nanf(""));
  const auto none = find_task("pairs").make({})->score(p, true);
  EXPECT_EQ(none.count, 0);
  EXPECT_TRUE(std::isnan(none.first().value));
}

// Mean recall of many drawn texts: the interval is as wide as their spread.
TEST(PairsTask, TheIntervalOfTheMeanIsThatOfAMeanOverPairs) {
  constexpr int64_t kCount = 400;
  at::Tensor similar = torch::zeros({kCount, kCount});
  for (int64_t i = 0; i < kCount; ++i) {
    const bool right = i % 4 != 0;  // else all others come first, both ways
    if (!right) similar[i].fill_(2);
    if (!right) similar.select(1, i).fill_(2);
    similar[i][i] = right ? 3 : -1;
  }
  std::vector<int64_t> own;
  std::vector<std::string> files;
  for (int64_t i = 0; i < kCount; ++i) {
    own.push_back(i);
    files.push_back(std::to_string(i));
  }
  const auto scores = find_task("pairs").make({})->score(pairs_of(similar, own, files), true);
  EXPECT_NEAR(scores.first().value, 0.75, 1e-9);
  const double half = (scores.first().interval->high - scores.first().interval->low) / 2;
  EXPECT_NEAR(half, 1.96 * std::sqrt(0.75 * 0.25 / kCount), 5e-4);
}

TEST(PairsTask, TheLossTakesTheSameCaptionOnce) {
  const auto task = find_task("pairs").make({});
  const at::Tensor photos = torch::tensor({{2.0, 0.0}, {1.0, 0.0}, {0.0, 3.0}}, at::kDouble);
  const at::Tensor texts = torch::tensor({{1.0, 0.0}, {1.0, 0.0}, {0.0, 1.0}}, at::kDouble);
  const at::Tensor logits = photos.matmul(torch::eye(2, at::kDouble));
  const double rows = (logits.logsumexp(1).sum() - torch::tensor(6.0)).item<double>();
  const double columns = (2 * logits.logsumexp(0)[0] + logits.logsumexp(0)[1] - torch::tensor(6.0)).item<double>();
  EXPECT_NEAR(task->loss(photos, texts).item<double>(), (rows + columns) / 2, 1e-9);
  EXPECT_EQ(task->weight(texts), 3);
  EXPECT_NE(find_task("pairs").make({.loss = "siglip"})->loss(photos, texts).item<double>(),
            task->loss(photos, texts).item<double>());
}

TEST(PairsTask, LossesOfClassesAreRefusedByName) {
  for (const char* loss : {"focal", "poly1"}) {
    try {
      find_task("pairs").make({.loss = loss});
      FAIL() << loss;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(loss));
      EXPECT_THAT(error.what(), HasSubstr("info-nce or siglip"));
    }
  }
  EXPECT_THROW(find_task("pairs").make({.label_smoothing = 0.1}), ConfigError);
  EXPECT_THROW(find_task("classification").make({.loss = "siglip"}), ConfigError);
}

TEST(DistinctTexts, StandInTheOrderOfTheirFirstExamplesAndPassGradientsOn) {
  const at::Tensor rows = torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {1.0F, 2.0F}}).requires_grad_();
  const auto distinct = distinct_texts(rows);
  EXPECT_EQ(distinct.rows.size(0), 2);
  EXPECT_TRUE(torch::equal(distinct.which, torch::tensor({int64_t{0}, int64_t{1}, int64_t{0}})));
  distinct.rows.sum().backward();
  EXPECT_TRUE(torch::equal(rows.grad(), torch::tensor({{1.0F, 1.0F}, {1.0F, 1.0F}, {0.0F, 0.0F}})));
}

}  // namespace
}  // namespace graft::tasks
