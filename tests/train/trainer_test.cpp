#include "graft/train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <csignal>
#include <limits>
#include <numeric>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/core/signals.h"
#include "tests/support/tiny_world.h"

namespace graft::train {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kPhotos = 14;

// Softmax regression on 14 points of three classes.
class Regression : public Objective {
 public:
  Regression()
      : parameters_{{"weight", torch::zeros({3, 4}).requires_grad_()}, {"bias", torch::zeros({3}).requires_grad_()}} {}

  const nn::Parameters& parameters() const override { return parameters_; }
  at::Tensor loss(const Batch& batch, nn::Context& context) override {
    seen_.push_back(batch.target.size(0));
    const auto logits = torch::linear(batch.input.x, weight(), bias());
    if (noise_) {
      const auto noise = torch::rand(logits.sizes(), context.generator);
      return torch::cross_entropy_loss(logits + noise, batch.target, {}, at::Reduction::Sum);
    }
    return torch::cross_entropy_loss(logits, batch.target, {}, at::Reduction::Sum);
  }
  std::optional<tasks::Scores> validate() override {
    if (accuracies_.empty()) return {};
    validated_.push_back(weight().detach().clone());
    return tasks::Scores{.all = {{"accuracy", accuracies_.at(validated_.size() - 1)}}};
  }
  std::vector<std::string> score_names() const override { return {"accuracy"}; }
  const at::Tensor& weight() const { return parameters_[0].second; }
  const at::Tensor& bias() const { return parameters_[1].second; }

  nn::Parameters parameters_;
  std::vector<double> accuracies_;
  std::vector<int64_t> seen_;          // photos of each batch
  std::vector<at::Tensor> validated_;  // the weight at each validation
  bool noise_ = false;
};

std::unique_ptr<FeatureBatches> points(int64_t batch_size) {
  Random random(5);
  at::Tensor features = torch::empty({kPhotos, 4}), labels = torch::empty({kPhotos}, at::kLong);
  for (int64_t i = 0; i < kPhotos; ++i) {
    labels[i] = i % 3;
    for (int64_t j = 0; j < 4; ++j)
      features[i][j] = random.normal() + (j == i % 3 ? 1 : 0);
  }
  return std::make_unique<FeatureBatches>(nn::Value{features}, labels, batch_size, [](int64_t epoch) {
    std::vector<int64_t> order(kPhotos);
    std::iota(order.begin(), order.end(), 0);
    std::rotate(order.begin(), order.begin() + epoch % kPhotos, order.end());
    return order;
  });
}

TrainerOptions options(int64_t epochs) {
  TrainerOptions options;
  options.recipe.optimizer = methods::OptimizerKind::sgd;
  options.recipe.lr = 0.1;
  options.recipe.epochs = epochs;
  options.recipe.schedule = methods::ScheduleKind::cosine;
  options.identity = "test";
  return options;
}

TEST(Trainer, AccumulationEqualsTheBigBatch) {
  const auto train = [](int64_t batch_size, int64_t grad_accum) {
    Regression task;
    auto batches = points(batch_size);
    auto o = options(3);
    o.grad_accum = grad_accum;
    Silent silent;
    EXPECT_EQ(Trainer(task, *batches, o, nullptr, silent).run().steps, 6);
    return task.weight().detach().clone();
  };
  // Eight at once, or 3 + 3 + 2 ... by fours and twos: sums in another order differ in the last bits of float32.
  EXPECT_TRUE(torch::allclose(train(8, 1), train(4, 2), 1e-6, 1e-6));
  EXPECT_TRUE(torch::allclose(train(8, 1), train(2, 4), 1e-6, 1e-6));
  EXPECT_FALSE(torch::allclose(train(8, 1), train(7, 1), 1e-3, 1e-3));
}

TEST(Trainer, TheLastBatchOfAnEpochWeighsByItsPhotos) {
  Regression task;
  auto batches = points(4);
  auto o = options(1);
  o.grad_accum = 3;
  Silent silent;
  EXPECT_EQ(Trainer(task, *batches, o, nullptr, silent).run().steps, 2);  // 12 photos, then 2
  EXPECT_EQ(task.seen_, (std::vector<int64_t>{4, 4, 4, 2}));
}

// Batches whose weight is not the number of their examples: pixels, tokens.
class WeighedBatches final : public Batches {
 public:
  explicit WeighedBatches(std::unique_ptr<FeatureBatches> batches) : batches_(std::move(batches)) {}
  int64_t examples() const override { return batches_->examples(); }
  int64_t batch_size() const override { return batches_->batch_size(); }
  void seek(int64_t epoch, int64_t batch) override { batches_->seek(epoch, batch); }
  Batch next() override {
    auto batch = batches_->next();
    batch.weight = 100 * static_cast<double>(batch.target.size(0));
    return batch;
  }

 private:
  std::unique_ptr<FeatureBatches> batches_;
};

TEST(Trainer, EndsAfterItsStepsInTheMiddleOfAnEpochAndValidatesOnce) {
  Regression objective;
  objective.accuracies_ = {0.5, 0.6, 0.7};
  auto batches = points(4);  // four steps an epoch
  TrainerOptions options;
  options.recipe.epochs = 2;
  options.recipe.steps = 6;
  options.val_every = 0;
  Silent silent;
  const auto outcome = Trainer(objective, *batches, options, nullptr, silent).run();
  EXPECT_EQ(outcome.steps, 6);
  EXPECT_EQ(outcome.epochs, 2);
  EXPECT_EQ(objective.seen_.size(), 6U);
  ASSERT_EQ(objective.validated_.size(), 1U);
  ASSERT_TRUE(outcome.validation);
  EXPECT_EQ(outcome.validation->first().value, 0.5);
}

TEST(FeatureBatches, OfAClipAllItsFramesComeTogether) {
  nn::Value features{torch::arange(6, at::kFloat).view({6, 1})};  // three clips of two frames
  features.layout.frames = 2;
  FeatureBatches batches(features, torch::arange(3), 2, [](int64_t) { return std::vector<int64_t>{2, 0, 1}; });
  const auto first = batches.next(), last = batches.next();
  EXPECT_TRUE(torch::equal(first.input.x.flatten(), torch::tensor({4.0F, 5.0F, 0.0F, 1.0F})));
  EXPECT_EQ(first.input.examples(), 2);
  EXPECT_EQ(first.weight, 2);
  EXPECT_TRUE(torch::equal(last.input.x.flatten(), torch::tensor({2.0F, 3.0F})));
}

TEST(Trainer, AStepIsDividedByTheWeightOfItsBatches) {
  struct HundredFold : Regression {
    at::Tensor loss(const Batch& batch, nn::Context& context) override {
      return 100 * Regression::loss(batch, context);
    }
  } weighed;
  Regression plain;
  Silent silent;
  auto o = options(2);
  o.grad_accum = 3;
  WeighedBatches many(points(4));
  auto one = points(4);
  Trainer(weighed, many, o, nullptr, silent).run();
  Trainer(plain, *one, o, nullptr, silent).run();
  EXPECT_TRUE(torch::allclose(weighed.weight(), plain.weight(), 1e-5, 1e-7));
}

TEST(Trainer, WhereAnswersWeighMoreAStepIsDividedByWhatTheObjectiveSays) {
  struct SevenFold : Regression {
    at::Tensor loss(const Batch& batch, nn::Context& context) override { return 7 * Regression::loss(batch, context); }
    double weight_of(const Batch& batch) const override { return 7 * batch.weight; }
  } weighed;
  Regression plain;
  Silent silent;
  auto o = options(2);
  o.grad_accum = 3;
  const auto many = points(4), one = points(4);
  Trainer(weighed, *many, o, nullptr, silent).run();
  Trainer(plain, *one, o, nullptr, silent).run();
  EXPECT_TRUE(torch::allclose(weighed.weight(), plain.weight(), 1e-5, 1e-7));
}

TEST(Trainer, ABatchInWhichNothingWeighsAnythingChangesNothing) {
  struct Nothing : Regression {
    at::Tensor loss(const Batch& batch, nn::Context& context) override { return 0 * Regression::loss(batch, context); }
    double weight_of(const Batch&) const override { return 0; }
  } nothing;
  Silent silent;
  auto o = options(1);
  const auto batches = points(kPhotos);
  Trainer(nothing, *batches, o, nullptr, silent).run();
  EXPECT_EQ(nothing.weight().abs().max().item<double>(), 0);
}

TEST(Trainer, TheBestEpochIsTheOneWithTheLeastWhereLessIsBetter) {
  struct Errs : Regression {
    std::optional<tasks::Scores> validate() override {
      validated_.push_back(weight().detach().clone());
      const double errors[] = {0.9, 0.2, 0.4, 0.5};
      return tasks::Scores{.all = {{.name = "error", .value = errors[validated_.size() - 1], .more_is_better = false}}};
    }
  } task;
  auto batches = points(7);
  auto o = options(4);
  o.patience = 2;
  Silent silent;
  EXPECT_TRUE(Trainer(task, *batches, o, nullptr, silent).run().early);
  EXPECT_TRUE(torch::equal(task.weight(), task.validated_[1]));
}

TEST(Trainer, ALossThatIsNotFiniteNamesStepAndRateAndKeepsTheCheckpoint) {
  const TempFolder folder;
  auto batches = points(7);
  auto o = options(4);
  o.checkpoint_every = 1;
  auto run = RunFolder::create(folder / "run", false, {});
  struct Breaks : Regression {
    at::Tensor loss(const Batch& batch, nn::Context& context) override {
      const at::Tensor loss = Regression::loss(batch, context);
      return seen_.size() == 4 ? loss * std::numeric_limits<double>::quiet_NaN() : loss;
    }
  } breaks;
  Silent silent;
  try {
    Trainer(breaks, *batches, o, &run, silent).run();
    FAIL() << "a loss of NaN went unnoticed";
  } catch (const DivergenceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("loss is nan at step 4 (epoch 2), lr 0.0691"));
    EXPECT_THAT(error.what(), HasSubstr("step-000003"));
    EXPECT_EQ(error.exit_code(), 5);
  }
  EXPECT_EQ(load_last_checkpoint(run.checkpoints())->step, 3);
}

TEST(Trainer, AParameterWithoutGradientIsNamed) {
  Regression task;
  task.parameters_.emplace_back("orphan", torch::zeros({2}).requires_grad_());
  auto batches = points(7);
  Silent silent;
  Trainer trainer(task, *batches, options(1), nullptr, silent);
  try {
    trainer.run();
    FAIL() << "a parameter without gradient went unnoticed";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("orphan"));
  }
}

// A gradient that is there, and zero.
struct Deaf : Regression {
  at::Tensor strength = torch::zeros({});
  bool of_all = false;
  Deaf() { parameters_.emplace_back("block.0.lora.b", torch::ones({4}).requires_grad_()); }
  at::Tensor loss(const Batch& batch, nn::Context& context) override {
    const at::Tensor known = Regression::loss(batch, context);
    return (of_all ? strength * known + 5 : known) + (strength * parameters_[2].second).sum();
  }
};

std::string config_error_of(Objective& task, const TrainerOptions& o) {
  auto batches = points(7);
  Silent silent;
  try {
    Trainer(task, *batches, o, nullptr, silent).run();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no ConfigError";
}

TEST(Trainer, WhatHasAGradientOfZeroAtEachStepIsNamed) {
  Deaf task;
  auto o = options(3);
  o.at_zero = "--alpha 0";
  EXPECT_THAT(config_error_of(task, o), HasSubstr("1 of 3 trained tensors had no gradient but zero in 4 steps. It was "
                                                  "asked for --alpha 0.\n  block.0.lora.b"));
}

TEST(Trainer, WhereAllGradientsAreZeroNothingCanTrain) {
  Deaf task;
  task.of_all = true;
  EXPECT_THAT(config_error_of(task, options(1)), HasSubstr("nothing can train: all trained tensors had no gradient"));
}

TEST(Trainer, AFirstStepThatIsNotFiniteIsNoMatterOfTheRate) {
  struct Broken : Regression {
    at::Tensor loss(const Batch& batch, nn::Context& context) override {
      return Regression::loss(batch, context) * std::numeric_limits<double>::infinity();
    }
  } task;
  auto batches = points(7);
  auto o = options(1);
  o.precision = "bf16";
  Silent silent;
  try {
    Trainer(task, *batches, o, nullptr, silent).run();
    FAIL() << "an infinite loss went unnoticed";
  } catch (const DivergenceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the loss is inf at step 1, before anything was trained"));
    EXPECT_THAT(error.what(), HasSubstr("--precision fp32"));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("--lr")));
  }
}

TEST(Trainer, StopsEarlyAndKeepsTheBest) {
  Regression task;
  task.accuracies_ = {0.5, 0.8, 0.7, 0.8, 0.9};
  auto batches = points(7);
  auto o = options(5);
  o.patience = 2;
  Silent silent;
  const auto outcome = Trainer(task, *batches, o, nullptr, silent).run();
  EXPECT_TRUE(outcome.early);
  EXPECT_EQ(outcome.epochs, 4);
  ASSERT_EQ(task.validated_.size(), 4u);
  EXPECT_TRUE(torch::equal(task.weight(), task.validated_[1]));
  EXPECT_FALSE(torch::equal(task.weight(), task.validated_[3]));
}

TEST(Trainer, ASignalEndsWithACheckpointAndResumeGoesOnToTheSameBits) {
  const TempFolder folder;
  Silent silent;
  const auto train = [&](Regression& task, const std::string& name) {
    task.noise_ = true;
    task.accuracies_.assign(10, 0.5);
    auto batches = points(4);
    const bool exists = std::filesystem::exists(folder / name);
    auto run = exists ? RunFolder::reopen(folder / name) : RunFolder::create(folder / name, false, {});
    return Trainer(task, *batches, options(3), &run, silent).run();
  };
  Regression whole;
  EXPECT_EQ(train(whole, "whole").steps, 12);

  struct Interrupted : Regression {
    at::Tensor loss(const Batch& batch, nn::Context& context) override {
      if (seen_.size() == 6) request_stop(SIGTERM);
      return Regression::loss(batch, context);
    }
  } interrupted;
  const auto stopped = train(interrupted, "parts");
  request_stop(0);
  EXPECT_EQ(stopped.stopped_by, SIGTERM);
  EXPECT_EQ(stopped.steps, 7);
  EXPECT_EQ(stopped.checkpoint, "checkpoints/step-000007");

  Regression resumed;
  const auto outcome = train(resumed, "parts");
  EXPECT_EQ(outcome.steps, 12);
  EXPECT_EQ(outcome.steps_here, 5);
  EXPECT_TRUE(torch::equal(whole.weight(), resumed.weight()));

  const auto a = read_metrics(folder / "whole" / "metrics.jsonl"), b = read_metrics(folder / "parts" / "metrics.jsonl");
  ASSERT_EQ(a.size(), 15u);  // 12 steps and 3 validations
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].step, b[i].step);
    EXPECT_EQ(a[i].split, b[i].split);
    EXPECT_EQ(a[i].loss, b[i].loss) << i;
  }
}

TEST(Trainer, ACheckpointOfAnotherRunIsRefused) {
  const TempFolder folder;
  Silent silent;
  Regression task;
  auto batches = points(7);
  auto run = RunFolder::create(folder / "run", false, {});
  Trainer(task, *batches, options(1), &run, silent).run();
  auto other = options(1);
  other.identity = "another";
  Regression again;
  const auto record = content_of(folder / "run" / "metrics.jsonl");
  EXPECT_THROW(Trainer(again, *batches, other, &run, silent).run(), ConfigError);
  EXPECT_EQ(content_of(folder / "run" / "metrics.jsonl"), record);
}

}  // namespace
}  // namespace graft::train
