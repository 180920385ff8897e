// What the planner says of runs in the tiny world, held against what they take.
#include "graft/planner/planner.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>
#include <memory>

#include "graft/core/error.h"
#include "graft/engine/workload.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/plan_run.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

using ::testing::HasSubstr;

class PlannerTest : public ::testing::Test {
 protected:
  engine::AdaptOptions options(const std::string& method) {
    auto options = testing::tiny_run(testing::shared_tiny_world(), method);
    options.train.augmentation = methods::Augmentation::flip;
    return options;
  }
  engine::PreparedRun& prepare(const engine::AdaptOptions& options, const OptionValues& method_options = {}) {
    run_.reset();
    session_ = std::make_unique<engine::Session>(options.model, options.data, engine::Host{}, silent_);
    run_ = std::make_unique<engine::PreparedRun>(*session_, options, method_options, silent_);
    return *run_;
  }
  static int64_t term(const planner::Plan& plan, const std::string& name) {
    for (const auto& term : plan.terms) {
      if (term.name == name) return term.bytes;
    }
    return -1;
  }
  template <class Function>
  std::string config_error_of(Function&& function) {
    try {
      function();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no ConfigError";
  }

  Silent silent_;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<engine::PreparedRun> run_;
};

// Photos a step: enough that a step holds more than a pass of photos through the frozen layers, which has its own
// batch.
constexpr int64_t kBatch = 64;

TEST_F(PlannerTest, ForetellsWhatAStepOfTheWholeBatchHolds) {
  for (const char* method : {"lora", "adapter", "vpt", "coop", "bias"}) {
    auto& run = prepare(options(method));
    planner::Planner planner(engine::workload_of(run));
    for (const bool recompute : {false, true}) {
      const auto plan = planner.plan(recompute, kBatch);
      const auto whole = planner::trace_memory([&](const auto& mark) { planner.work().step(kBatch, recompute, mark); });
      int64_t now = 0, most = 0;
      for (const auto change : whole.changes)
        most = std::max(most, now += change);
      const auto told = term(plan, "activations of texts and classes") + term(plan, "activations of examples") +
                        term(plan, "workspace of a step");
      EXPECT_NEAR(static_cast<double>(told) / static_cast<double>(most), 1, 0.01) << method << recompute;
    }
  }
}

TEST_F(PlannerTest, BlocksThatRunAgainHoldLessAndTheRestStays) {
  planner::Planner planner(engine::workload_of(prepare(options("lora"))));
  const auto keep = planner.plan(false, kBatch), rerun = planner.plan(true, kBatch);
  EXPECT_LT(term(rerun, "activations of examples"), 0.7 * static_cast<double>(term(keep, "activations of examples")));
  EXPECT_EQ(term(rerun, "weights, packed"), term(keep, "weights, packed"));
  EXPECT_LT(rerun.bytes(), keep.bytes());
}

TEST_F(PlannerTest, LeavesTheRunAsItWas) {
  auto& run = prepare(options("lora"));
  std::vector<at::Tensor> before;
  for (const auto& [name, parameter] : run.adapted.parameters)
    before.push_back(parameter.detach().clone());
  planner::Planner planner(engine::workload_of(run));
  planner.plan(true, 6);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(torch::equal(before[i], run.adapted.parameters[i].second));
    EXPECT_FALSE(run.adapted.parameters[i].second.grad().defined());
  }
}

TEST_F(PlannerTest, TermsHaveTheSizesOfWhatTheyName) {
  auto& run = prepare(options("lora"), {{"rank", "2"}});
  planner::Planner planner(engine::workload_of(run));
  const auto plan = planner.plan(false, kBatch);
  EXPECT_EQ(term(plan, "optimizer"), 2 * 4 * run.trained_parameters());  // AdamW's two, float32
  EXPECT_EQ(term(plan, "loader's batches"), 3 * kBatch * 3 * 24 * 24 * 4);
  EXPECT_EQ(term(plan, "photos, decoded"), static_cast<int64_t>(run.session.images()->bytes()));
  EXPECT_GT(term(plan, "weights, packed"), term(plan, "weights, packed for the backward"));  // no text tower in it
  EXPECT_GT(term(plan, "weights, packed for the backward"), 0);
}

TEST_F(PlannerTest, WithoutStepsAPassOfPhotosIsTheMost) {
  planner::Planner planner(engine::workload_of(prepare(options("linear-probe"))));
  const auto plan = planner.plan(false, 6);
  EXPECT_GT(term(plan, "examples through the frozen layers"), 0);
  EXPECT_EQ(term(plan, "activations of examples"), -1);
}

TEST_F(PlannerTest, ChoosesToRunBlocksAgainWhereThatIsWhatFits) {
  auto asked = options("lora");
  asked.train.batch_size = 18;
  planner::Planner probe(engine::workload_of(prepare(asked)));
  const auto keep = probe.plan(false, 18).bytes(), rerun = probe.plan(true, 18).bytes();
  ASSERT_LT(rerun, keep);
  asked.memory = std::to_string((keep + rerun) / 2);
  run_->options.memory = asked.memory;
  const auto choice = planner::choose_plan(probe, engine::plan_options(*run_));
  EXPECT_TRUE(choice.plan.recompute);
  EXPECT_TRUE(choice.fits());
  run_->options.train.recompute = planner::Recompute::none;
  const auto refused = planner::choose_plan(probe, engine::plan_options(*run_));
  EXPECT_FALSE(refused.plan.recompute);
  EXPECT_FALSE(refused.fits());
  EXPECT_THAT(refused.advice, HasSubstr("--recompute all"));
}

TEST_F(PlannerTest, SaysWhichBatchWouldFitAndRefusesWhatNoBatchFits) {
  auto asked = options("lora");
  asked.train.batch_size = 18;
  auto& run = prepare(asked);
  planner::Planner planner(engine::workload_of(run));
  run.options.memory = std::to_string(planner.plan(true, 16).bytes());
  const auto choice = planner::choose_plan(planner, engine::plan_options(run));
  EXPECT_FALSE(choice.fits());
  EXPECT_THAT(choice.advice, HasSubstr("--batch-size 16 --grad-accum 2"));
  run.options.memory = "1M";
  EXPECT_THAT(config_error_of([&] { planner::choose_plan(planner, engine::plan_options(run)); }),
              HasSubstr("[plan] --memory 1M: about"));
}

TEST_F(PlannerTest, ARunThatCannotFitWritesNothing) {
  const TempFolder out;
  auto asked = options("lora");
  asked.memory = "1M";
  asked.output = (out / "run").string();
  EXPECT_THAT(config_error_of([&] { adapt(asked, {}, {}, silent_); }), HasSubstr("1.0 MB are allowed"));
  EXPECT_FALSE(std::filesystem::exists(out / "run"));
}

TEST_F(PlannerTest, RunsThatMakeTheirActivationsTwiceEndOnTheSameBits) {
  const TempFolder out;
  for (const char* how : {"none", "all"}) {
    auto asked = options("lora");
    option::parse("test", "recompute", how, asked.train.recompute);
    asked.train.grad_accum = 2;
    asked.output = (out / how).string();
    adapt(asked, {{"dropout", "0.2"}}, {}, silent_);
  }
  for (const char* file : {"adapter_model.safetensors", "predictions.jsonl"})
    EXPECT_EQ(content_of(out / "none" / file), content_of(out / "all" / file)) << file;
  EXPECT_THAT(content_of(out / "all" / "config.yaml"), HasSubstr("recompute: all"));
}

TEST_F(PlannerTest, APlannedRunHasATimeFromStepsThatWereTaken) {
  const auto plan = plan_run(options("lora"), {}, {}, silent_);
  EXPECT_EQ(plan.pace.batches, 9);  // 3 epochs of 18 photos in batches of 6
  EXPECT_EQ(plan.pace.measured, 3);
  EXPECT_GT(plan.pace.batch_seconds, 0);
  EXPECT_NEAR(plan.pace.seconds(), 9 * plan.pace.batch_seconds + plan.pace.passes * plan.pace.pass_seconds, 1e-9);
  EXPECT_NE(plan.choice.plan.recompute, plan.other.recompute);
}

}  // namespace
}  // namespace graft::pipelines
