// Whole runs of ResNets: what their batch norms gather is part of a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/engine/session.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/merge.h"
#include "graft/pipelines/plan_run.h"
#include "tests/support/tiny_models.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// The tiny world with the tiny ResNet in place of its own model.
class ResnetRun : public ::testing::Test {
 protected:
  ResnetRun() {
    testing::make_tiny_world(folder_.path());
    const auto checkpoint = testing::tiny_resnet_checkpoint();
    const auto base = folder_ / "clip";
    fs::remove_all(base);
    fs::create_directories(base);
    nn::write_tensors(base / "model.safetensors", checkpoint.tensors);
    std::ofstream(base / "config.json") << checkpoint.folder.config->value().dump();
  }

  engine::AdaptOptions options(const std::string& output) {
    auto o = testing::tiny_run(folder_.path(), "full");
    o.train.lr = 1e-2;
    o.output = output.empty() ? "" : (folder_ / output).string();
    return o;
  }
  std::string bytes(const std::string& run, const char* file = "adapter_model.safetensors") {
    return content_of(folder_ / run / file);
  }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
  const OptionValues by_batch_ = {{"batch-statistics", "true"}};
};

struct StopsInTheSecondEpochOfTraining : Reporter {
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view) override {}
  void note(const Note&) override {}
  void progress(const Progress& p) override {
    if (p.stage == "train" && p.done > 20) request_stop(SIGINT);
  }
};

TEST_F(ResnetRun, ResumedOrWithBlocksRunAgainItEndsOnTheSameBits) {
  adapt(options("whole"), by_batch_, host_, silent_);
  auto o = options("again");
  o.train.recompute = planner::Recompute::all;
  adapt(o, by_batch_, host_, silent_);
  StopsInTheSecondEpochOfTraining stops;
  EXPECT_EQ(adapt(options("parts"), by_batch_, host_, stops).stopped_by, SIGINT);
  request_stop(0);
  resume((folder_ / "parts").string(), {}, host_, silent_);
  for (const char* file : {"adapter_model.safetensors", "head.safetensors", "predictions.jsonl"}) {
    EXPECT_EQ(bytes("whole", file), bytes("parts", file)) << file;
    EXPECT_EQ(bytes("whole", file), bytes("again", file)) << file;
  }
}

// The best epoch's statistics go with its weights.
TEST_F(ResnetRun, IsEvaluatedAndMergedByWhatItGathered) {
  auto o = options("run");
  o.train.patience = 2;
  const auto result = adapt(o, by_batch_, host_, silent_);
  auto e = testing::in_tiny_world<EvaluateOptions>(folder_.path());
  e.run = o.output;
  const auto loaded = evaluate(e, host_, silent_);
  EXPECT_TRUE(at::equal(loaded.predictions.probabilities, result.test_predictions.probabilities));
  MergeOptions m;
  m.run = o.output;
  m.model.threads = 1;
  m.output = (folder_ / "merged").string();
  EXPECT_LT(merge(m, host_, silent_).largest_deviation, 1e-6);
  const auto merged = io::Weights::open(fs::path(m.output) / "model.safetensors");
  EXPECT_FALSE(at::equal(models::to_float(merged.at("bn1.running_var")),
                         testing::tiny_resnet_checkpoint().tensors.at("bn1.running_var")));
}

TEST_F(ResnetRun, ASessionsStatisticsAreAsTheyWereAfterEachRun) {
  engine::Session session(options("").model, options("").data, host_, silent_);
  const auto state = [&] {
    std::map<std::string, at::Tensor> all;
    for (const auto& buffer : session.model()->named_buffers())
      all[buffer.key()] = buffer.value().clone();
    return all;
  };
  const auto before = state();
  for (const auto& method : {by_batch_, OptionValues{{"from-scratch", "true"}}}) {
    adapt(session, options(""), method, silent_);
    for (const auto& [name, value] : state())
      EXPECT_TRUE(at::equal(value, before.at(name))) << name;
    for (const auto& [path, norm] : session.model()->batch_norms())
      EXPECT_FALSE(norm->goes_by_batch()) << path;
  }
}

TEST_F(ResnetRun, FromScratchDoesNotHangOnTheWeightsThatWereThere) {
  auto o = options("one");
  o.train.lr = 0.05;
  o.train.epochs = 10;
  const auto result = adapt(o, {{"from-scratch", "true"}}, host_, silent_);
  EXPECT_GE(result.test.first().value, 0.9);  // colours are easy
  auto tensors = testing::tiny_resnet_checkpoint(7).tensors;
  nn::write_tensors(folder_ / "clip" / "model.safetensors", tensors);
  o.output = (folder_ / "other").string();
  adapt(o, {{"from-scratch", "true"}}, host_, silent_);
  EXPECT_EQ(bytes("one"), bytes("other"));
}

TEST_F(ResnetRun, ABatchOfOneExampleThatHasNoVarianceIsToldBeforeAnythingIsWritten) {
  const auto refusal = [&](int64_t batch) {
    auto o = options("run");
    o.model.image_size = 8;  // 1 x 1 in the last block
    o.train.batch_size = batch;
    try {
      adapt(o, by_batch_, host_, silent_);
    } catch (const ConfigError& error) {
      EXPECT_FALSE(fs::exists(folder_ / "run"));
      return std::string(error.what());
    }
    fs::remove_all(folder_ / "run");
    return std::string("nothing was refused");
  };
  EXPECT_THAT(refusal(1), HasSubstr("[train] a batch of one example, whose maps have shrunk to 1 x 1"));
  EXPECT_THAT(refusal(17), HasSubstr("what an epoch leaves over is a batch too"));  // of 18
  EXPECT_THAT(refusal(6), HasSubstr("nothing was refused"));
}

TEST_F(ResnetRun, BlocksAreSavedAndLoadedAndGoOnAfterAStopToTheSameBits) {
  for (const std::string block : {"nonlocal:at=layer1.1,layer2.0", "se:ratio=2,cbam,gc"}) {
    const auto name = block.substr(0, 2);
    const auto with = [&](const std::string& output, const char* method) {
      auto o = options(output);
      o.method = method;
      o.train.lr = 0.1;
      o.train.block = block;
      return o;
    };
    const OptionValues by_steps = {{"solver", "sgd"}};
    const auto result = adapt(with(name, "linear-probe"), by_steps, host_, silent_);
    EXPECT_FALSE(result.features_cached);
    EXPECT_TRUE(fs::exists(folder_ / name / "blocks.safetensors"));
    auto e = testing::in_tiny_world<EvaluateOptions>(folder_.path());
    e.run = (folder_ / name).string();
    EXPECT_TRUE(
        at::equal(evaluate(e, host_, silent_).predictions.probabilities, result.test_predictions.probabilities));
    StopsInTheSecondEpochOfTraining stops;
    EXPECT_EQ(adapt(with(name + "-parts", "linear-probe"), by_steps, host_, stops).stopped_by, SIGINT);
    request_stop(0);
    resume((folder_ / (name + "-parts")).string(), {}, host_, silent_);
    for (const char* file : {"blocks.safetensors", "head.safetensors", "predictions.jsonl"})
      EXPECT_EQ(bytes(name, file), bytes(name + "-parts", file)) << file;
    adapt(with(name + "-full", "full"), by_batch_, host_, silent_);  // on a network that trains
    EXPECT_NE(bytes(name + "-full", "blocks.safetensors"), bytes(name, "blocks.safetensors"));
    MergeOptions m;
    m.run = e.run;
    m.model.threads = 1;
    m.output = (folder_ / "merged").string();
    EXPECT_THROW(merge(m, host_, silent_), ModelError);
  }
}

TEST_F(ResnetRun, BlocksThatCannotBeAreToldBeforeAnythingIsWritten) {
  const auto refusal = [&](const std::string& method, const std::string& block) {
    auto o = options("run");
    o.method = method;
    o.train.epochs.reset();
    o.train.block = block;
    try {
      adapt(o, {}, host_, silent_);
    } catch (const Error& error) {
      EXPECT_FALSE(fs::exists(folder_ / "run"));
      return std::string(error.what());
    }
    return std::string("nothing was refused");
  };
  EXPECT_THAT(refusal("linear-probe", "se"), HasSubstr("linear-probe as it is asked for takes no gradient steps"));
  EXPECT_THAT(refusal("norm", "see"), HasSubstr("Did you mean 'se'?"));
  EXPECT_THAT(refusal("norm", "se:at=layer9.0"), HasSubstr("has no residual block of that name"));
}

}  // namespace
}  // namespace graft::pipelines
