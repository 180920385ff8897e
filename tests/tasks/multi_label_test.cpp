#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

// Told: {0}, {0, 1}, {}, {2}; true: {0}, {1}, {1}, {2}; the last example is of nobody knows what.
Predictions several() {
  Predictions p;
  p.target = data::Target::labels;
  p.files = {"a", "b", "c", "d", "e"};
  p.labels = {0, 1, 1, 2, -1};
  p.probabilities = torch::tensor(
      {{0.9F, 0.1F, 0.2F}, {0.5F, 0.7F, 0.0F}, {0.4F, 0.4F, 0.1F}, {0.1F, 0.2F, 0.6F}, {0.9F, 0.9F, 0.9F}});
  const float unknown = std::nanf("");
  p.truth = torch::tensor(
      {{1.0F, 0.0F, 0.0F}, {0.0F, 1.0F, 0.0F}, {0.0F, 1.0F, 0.0F}, {0.0F, 0.0F, 1.0F}, {unknown, unknown, unknown}});
  return p;
}

TEST(MultiLabelTask, CountsEachClassByItselfAtAHalf) {
  const auto scores = find_task("multi-label").make({})->score(several(), true);
  EXPECT_EQ(scores.count, 4);
  EXPECT_NEAR(scores.value("micro_f1"), 2.0 * 3 / (4 + 4), 1e-12);
  EXPECT_NEAR(scores.value("macro_f1"), (2.0 / 3 + 2.0 / 3 + 1) / 3, 1e-12);
  EXPECT_DOUBLE_EQ(scores.value("exact_match"), 0.5);
  EXPECT_LT(scores.first().interval->low, scores.first().value);
}

TEST(MultiLabelTask, LossIsTheMeanOverClassesOfBinaryCrossEntropy) {
  const auto logits = torch::tensor({{1.0F, -2.0F}}), truth = torch::tensor({{1.0F, 0.0F}});
  EXPECT_NEAR(find_task("multi-label").make({})->loss(logits, truth).item<double>(),
              (std::log1p(std::exp(-1)) + std::log1p(std::exp(-2))) / 2, 1e-6);
  EXPECT_THROW(find_task("multi-label").make({.loss = "focal"}), ConfigError);
}

TEST(MultiLabelTask, TakesALossByItsNameThatAsksEachClassByItself) {
  const auto logits = torch::tensor({{1.0F, -2.0F}, {0.5F, 3.0F}}), truth = torch::tensor({{1.0F, 0.0F}, {1.0F, 1.0F}});
  const auto plain = find_task("multi-label").make({});
  // Without its gamma and alpha the focal loss is the task's own, whose mean is over the answers ...
  const auto same = find_task("multi-label").make({.loss = "focal:form=sigmoid,gamma=0,alpha=-1,normaliser=examples"});
  EXPECT_NEAR(same->loss(logits, truth).item<double>() / same->weight(truth),
              plain->loss(logits, truth).item<double>() / plain->weight(truth), 1e-6);
  // ... or, as RetinaNet's, over the positives.
  EXPECT_EQ(find_task("multi-label").make({.loss = "focal:form=sigmoid"})->weight(truth), 3);
  for (const char* loss :
       {"class-balanced:form=sigmoid", "ldam", "logit-adjusted", "poly1", "cross-entropy:weights=1,2"}) {
    EXPECT_THROW(find_task("multi-label").make({.loss = loss, .classes = {"a", "b"}, .counts = {2, 1}}), ConfigError)
        << loss;
  }
  EXPECT_THROW(find_task("multi-label").make({.loss = "fokal"}), UsageError);
  EXPECT_THROW(find_task("multi-label").make({.loss = "focal:form=sigmoid", .label_smoothing = 0.1}), ConfigError);
}

}  // namespace
}  // namespace graft::tasks
