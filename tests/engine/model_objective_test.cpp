#include "graft/engine/model_objective.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <memory>
#include <string>

#include "graft/core/log.h"
#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/tasks/task.h"
#include "tests/support/tiny_models.h"

namespace graft::engine {
namespace {

constexpr int64_t kCount = 19, kClasses = 3;  // more than one pass

// Images in memory.
class Images final : public data::SampleSource {
 public:
  Images() : SampleSource(std::vector<data::Sample>(kCount, data::Sample{.input = "an image"})) {}
  data::Reads reads() const override { return data::Reads::photo; }
  std::string content(int64_t i) const override { return std::to_string(i); }
  size_t floats() const override { return static_cast<size_t>(all.numel() / kCount); }
  void read(int64_t i, Random, data::Row& row) const override {
    std::copy_n(all[i].const_data_ptr<float>(), floats(), row.pixels.begin());
  }
  at::Tensor all = testing::tiny_images(kCount);
};

// A task's own: the mean of what it says of every patch.
class MeanOverPatches final : public models::Head {
 public:
  explicit MeanOverPatches(int64_t width) : Head(width, kClasses) {
    weight = register_parameter("weight", testing::random_tensor({kClasses, width}, 3));
  }
  bool reads_rows() const override { return false; }
  at::Tensor weight;

 protected:
  at::Tensor frozen(const at::Tensor& tokens, nn::Context& context) const override {
    const auto& layout = context.layout;
    const auto patches = tokens.narrow(1, layout.begin(nn::TokenKind::patch), layout.count(nn::TokenKind::patch));
    return at::linear(patches, weight).mean(1);
  }
};

// Puts nothing in, and has the head read tokens.
class OfTokens final : public methods::Method {
 public:
  std::string name() const override { return "of-tokens"; }
  methods::HeadWish head(const methods::Setting&) const override { return {.at = 3}; }
  methods::Recipe recipe(const methods::Setting&) const override { return {}; }
  methods::Adaptation attach(const methods::Setting&, models::Head&, Random&) const override { return {}; }
  OptionValues config() const override { return {}; }
};

TEST(ModelObjective, AHeadThatReadsEveryTokenIsTrainedAndAskedLikeOneThatReadsARow) {
  const std::shared_ptr<models::Model> model = testing::tiny_vit();
  const methods::MakeHead make = [](const methods::Setting& setting, const methods::HeadWish& wish, Random&) {
    return std::make_shared<MeanOverPatches>(setting.model->reader().width(methods::place_of(wish, *setting.model)));
  };
  auto adapted = methods::build_adapted({.model = model, .classes = {"a", "b", "c"}}, std::make_unique<OfTokens>(),
                                        {.make_head = make});
  ASSERT_EQ(adapted.head->kind(), models::HeadKind::own);
  ASSERT_EQ(adapted.parameters.size(), 1u);
  const Images images;
  auto& tower = model->reader();
  const auto tokens = tower.run({images.all}, 0, 3, {});
  const auto patches = tokens.x.narrow(1, tokens.layout.begin(nn::TokenKind::patch), 9);
  const auto expected = at::linear(patches, adapted.parameters.front().second).mean(1).detach();

  features::Encoder encoder(model, nullptr, {});
  Silent silent;
  ModelObjective objective(adapted, encoder, {.task = tasks::task_of(data::Target::label).make({})}, nullptr, silent);
  const auto told = objective.predict(images);
  EXPECT_TRUE(torch::allclose(told.probabilities, expected.softmax(1), 1e-4, 1e-6));  // float32, other batches

  nn::Context context{.training = true};
  const auto labels = torch::arange(kCount) % kClasses;
  const auto loss = objective.loss({{images.all}, labels, static_cast<double>(kCount)}, context);
  EXPECT_NEAR(loss.item<double>(), torch::cross_entropy_loss(expected, labels, {}, at::Reduction::Sum).item<double>(),
              1e-3);
  loss.backward();
  EXPECT_TRUE(adapted.parameters.front().second.grad().defined());
}

TEST(ModelObjective, WhatATeacherSaysOfABatchsExamplesStandsBesideTheTasksLoss) {
  const std::shared_ptr<models::Model> model = testing::tiny_vit();
  auto adapted = methods::build_adapted({.model = model, .classes = {"a", "b", "c"}},
                                        methods::make_method("linear-probe", {{"solver", "sgd"}}), {.seed = 3});
  const Images images;
  const auto& tower = model->reader();
  features::Encoder encoder(model, nullptr, {});
  Silent silent;
  const auto rows = testing::random_tensor({kCount, kClasses}, 5);
  const auto examples = torch::arange(kCount).flip(0);
  const std::shared_ptr by = plugins::make_distillation("kl:temperature=3,alpha=0.25");
  ModelObjective objective(
      adapted, encoder,
      {.task = tasks::task_of(data::Target::label)
                   .make({.loss = "class-balanced:beta=0.9", .classes = {"a", "b", "c"}, .counts = {9, 3, 7}}),
       .teaching = {.by = by, .rows = rows}},
      nullptr, silent);
  nn::Context context{.training = true};
  const auto labels = torch::arange(kCount) % kClasses;
  const train::Batch batch{{images.all}, labels, static_cast<double>(kCount), 0, 0, examples};
  const auto answers = adapted.head->forward(tower.encode({images.all}, {}), context);
  const auto own = tasks::task_of(data::Target::label)
                       .make({.loss = "class-balanced:beta=0.9", .classes = {"a", "b", "c"}, .counts = {9, 3, 7}})
                       ->loss(answers, labels);
  // Both as means, whatever the task's is over.
  const double weight = objective.weight_of(batch);
  const auto expected = 0.75 * own / weight + by->sum(answers, rows.flip(0)) / static_cast<double>(kCount);
  EXPECT_NEAR(objective.loss(batch, context).item<double>() / weight, expected.item<double>(), 1e-5);
}

}  // namespace
}  // namespace graft::engine
