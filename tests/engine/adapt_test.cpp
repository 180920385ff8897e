// Whole runs on the tiny world: what lies in the folder, and what has no say in the bits.
#include "graft/engine/adapt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/evaluate.h"
#include "graft/engine/run_folder.h"
#include "graft/engine/tensor_file.h"
#include "tests/engine/tiny_world.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Adapt : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = new testing::TempFolder;
    testing::make_tiny_world(world_->path());
  }
  static void TearDownTestSuite() {
    delete world_;
    world_ = nullptr;
  }

  AdaptResult run(AdaptOptions options, const OptionValues& method_options = {}) {
    if (!options.output.empty()) options.output = (out_ / options.output).string();
    return adapt(options, method_options, host_, silent_);
  }
  AdaptOptions options(const std::string& method) { return testing::tiny_run(world_->path(), method); }
  std::string bytes(const std::string& run, const char* file = "adapter_model.safetensors") {
    return testing::read_file(out_ / run / file);
  }
  template <class ErrorType, class Function>
  std::string error_of(Function&& function) {
    try {
      function();
    } catch (const ErrorType& error) {
      return error.what();
    }
    return "no error of this kind";
  }

  static testing::TempFolder* world_;
  testing::TempFolder out_;
  Host host_;
  Silent silent_;
};
testing::TempFolder* Adapt::world_ = nullptr;

TEST_F(Adapt, LeavesACompleteRunFolder) {
  auto o = options("lora");
  o.output = "run";
  o.train.epochs = 30;
  o.train.lr = 1e-2;
  const auto result = run(o);
  for (const char* name : {"config.yaml", "metrics.jsonl", "metrics.csv", "predictions.jsonl", "adapter_config.json",
                           "adapter_model.safetensors", "checkpoints/last/state.safetensors"}) {
    EXPECT_TRUE(fs::exists(out_ / "run" / name)) << name;
  }
  EXPECT_EQ(result.steps, 90);  // 18 photos, batches of 6, 30 epochs
  EXPECT_EQ(result.test.count, 12);
  EXPECT_GE(result.test.accuracy, 0.9);  // colours are easy
  EXPECT_EQ(result.classes, (std::vector<std::string>{"blue", "green", "red"}));
  EXPECT_FALSE(result.features_cached);
  const auto metrics = read_metrics(out_ / "run" / "metrics.jsonl");
  EXPECT_EQ(metrics.size(), 90u + 30 + 1);
  EXPECT_EQ(metrics.back().split, "test");
  EXPECT_LT(metrics[89].loss, metrics[0].loss);

  std::ifstream predictions(out_ / "run" / "predictions.jsonl");
  std::string line;
  std::getline(predictions, line);
  const auto row = nlohmann::json::parse(line);
  EXPECT_EQ(row["split"], "test");
  EXPECT_EQ(row["label"], "blue");
  EXPECT_EQ(row["scores"].size(), 3u);
}

TEST_F(Adapt, TheSameSeedGivesTheSameBitsAtAnyNumberOfWorkers) {
  auto o = options("lora");
  o.train.augment = methods::Augmentation::crop_flip;
  for (const int64_t workers : {0, 1, 3}) {
    o.data.workers = workers;
    o.output = fmt::format("w{}", workers);
    run(o, {{"dropout", "0.1"}});
  }
  EXPECT_EQ(bytes("w0"), bytes("w1"));
  EXPECT_EQ(bytes("w1"), bytes("w3"));
  o.seed = 2;
  o.output = "other";
  run(o, {{"dropout", "0.1"}});
  EXPECT_NE(bytes("w1"), bytes("other"));
}

TEST_F(Adapt, TheSameBitsWithFeaturesFromDiskOrComputed) {
  auto o = options("linear-probe");
  o.classifier = methods::ClassifierKind::linear;
  host_.cache_dir = out_ / "cache";
  o.output = "fresh";
  const auto fresh = run(o, {{"solver", "sgd"}});
  EXPECT_TRUE(fresh.features_cached);
  EXPECT_EQ(fresh.photos_encoded, 18 + 6 + 12);
  o.output = "cached";
  EXPECT_EQ(run(o, {{"solver", "sgd"}}).photos_encoded, 0);
  o.data.cache = false;
  o.output = "memory";
  EXPECT_EQ(run(o, {{"solver", "sgd"}}).photos_encoded, 18 + 6 + 12);
  for (const char* file : {"head.safetensors", "predictions.jsonl"}) {
    EXPECT_EQ(bytes("fresh", file), bytes("cached", file)) << file;
    EXPECT_EQ(bytes("fresh", file), bytes("memory", file)) << file;
  }
}

TEST_F(Adapt, AResumedRunEndsOnTheSameBits) {
  auto o = options("lora");
  o.train.augment = methods::Augmentation::crop_flip;
  o.output = "whole";
  run(o);

  struct StopsInTheSecondEpoch : Reporter {
    void line(std::string_view, std::string_view) override {}
    void warn(std::string_view) override {}
    void progress(const Progress& p) override {
      if (p.stage == "train" && p.done > 20) request_stop(SIGINT);
    }
  } stops;
  o.output = (out_ / "parts").string();
  const auto stopped = adapt(o, {}, host_, stops);
  request_stop(0);
  EXPECT_EQ(stopped.stopped_by, SIGINT);
  EXPECT_EQ(stopped.steps, 4);
  EXPECT_FALSE(fs::exists(out_ / "parts" / "adapter_config.json"));

  AdaptOptions resume;
  resume.resume = (out_ / "parts").string();
  const auto resumed = run(resume);
  EXPECT_EQ(resumed.steps, 9);
  for (const char* file : {"adapter_model.safetensors", "predictions.jsonl"}) {
    EXPECT_EQ(bytes("whole", file), bytes("parts", file)) << file;
  }
  run(resume);  // a finished run is finished again, and no row is there twice
  EXPECT_EQ(bytes("whole"), bytes("parts"));
  EXPECT_EQ(read_metrics(out_ / "parts" / "metrics.jsonl").size(), 9u + 3 + 1);
}

TEST_F(Adapt, EveryMethodTrainsSavesAndLoadsToTheSamePredictions) {
  Session session(options("").model, options("").data, host_, silent_);
  for (const auto* entry : methods::entries()) {
    SCOPED_TRACE(entry->name);
    auto o = options(entry->name);
    o.train.epochs = 2;
    o.output = (out_ / entry->name).string();
    if (!entry->promises.trains) o.train.epochs.reset();
    const auto result = adapt(session, o, {}, silent_);
    EvaluateOptions e;
    e.run = o.output;
    e.data = o.data;
    e.model.threads = 1;
    const auto loaded = evaluate(e, host_, silent_);
    EXPECT_TRUE(torch::equal(result.test_predictions.probabilities, loaded.predictions.probabilities));
    EXPECT_EQ(result.test.correct, loaded.scores.correct);
  }
}

TEST_F(Adapt, ASessionsModelIsAsItWasAfterEachRun) {
  Session session(options("").model, options("").data, host_, silent_);
  const auto alone = [&] {
    return adapt(session, options("linear-probe"), {}, silent_).test_predictions.probabilities;
  };
  const auto before = alone();
  for (const char* method : {"full", "lora", "coop"}) {
    adapt(session, options(method), {}, silent_);
    EXPECT_TRUE(torch::equal(before, alone())) << method;
  }
}

TEST_F(Adapt, ASecondMethodDoesNotRunTheImageTowerAgain) {
  Session session(options("").model, options("").data, host_, silent_);
  EXPECT_EQ(adapt(session, options("coop"), {}, silent_).photos_encoded, 18 + 6 + 12);
  EXPECT_EQ(adapt(session, options("clip-adapter"), {}, silent_).photos_encoded, 0);
}

TEST_F(Adapt, AnAdapterOfAnotherModelIsRefusedUnlessForced) {
  auto o = options("lora");
  o.output = "run";
  run(o);
  const auto other = testing::TempFolder();
  testing::make_tiny_world(other.path(), 1, 1, 1);
  auto weights = read_tensors(other / "clip" / "open_clip_model.safetensors");
  weights["visual.proj"].mul_(1.5);
  write_tensors(other / "clip" / "open_clip_model.safetensors", weights);
  PredictOptions p;
  p.run = (out_ / "run").string();
  p.model.model = (other / "clip").string();
  p.files = {(world_->path() / "photos/test/red/00.bmp").string()};
  EXPECT_THAT(error_of<ModelError>([&] { predict(p, host_, silent_); }), HasSubstr("was trained on"));
  p.force_base = true;
  EXPECT_EQ(predict(p, host_, silent_).predictions.files.size(), 1u);
}

TEST_F(Adapt, OnePhotoIsPredictedAsInTheTest) {
  auto o = options("vpt");
  o.output = "run";
  const auto result = run(o);
  PredictOptions p;
  p.run = (out_ / "run").string();
  p.model.threads = 1;
  p.files = {(world_->path() / "photos" / result.test_predictions.files[5]).string()};
  const auto one = predict(p, host_, silent_);
  EXPECT_TRUE(torch::equal(one.predictions.probabilities[0], result.test_predictions.probabilities[5]));
}

TEST_F(Adapt, WhatIsWrongIsToldBeforeAnythingIsWritten) {
  const auto refused = [&](AdaptOptions o, const OptionValues& method_options = {}) {
    o.output = "run";
    const auto text = error_of<Error>([&] { run(o, method_options); });
    EXPECT_FALSE(fs::exists(out_ / "run")) << text;
    return text;
  };
  EXPECT_THAT(refused(options("lroa")), HasSubstr("Did you mean 'lora'?"));
  EXPECT_THAT(refused(options("lora"), {{"rnak", "2"}}), HasSubstr("'rank'"));
  auto o = options("lora");
  o.train.batch_size = 19;
  EXPECT_THAT(refused(o), HasSubstr("there are 18 training photos"));
  o = options("lora");
  o.shots = 7;
  EXPECT_THAT(refused(o), HasSubstr("7"));
  o = options("lora");
  o.model.device = "cuda";
  EXPECT_THAT(refused(o), HasSubstr("--device"));
  o = options("coop");
  o.classifier = methods::ClassifierKind::linear;
  EXPECT_THAT(refused(o), HasSubstr("coop"));
  o = options("lora");
  o.templates = "a photo";
  EXPECT_THAT(refused(o), HasSubstr("{}"));
}

TEST_F(Adapt, DivergenceKeepsWhatWasWritten) {
  auto o = options("lora");
  o.output = "run";
  o.train.lr = 1e30;
  o.train.optimizer = methods::OptimizerKind::sgd;
  o.train.checkpoint_every = 1;
  EXPECT_THAT(error_of<DivergenceError>([&] { run(o); }), HasSubstr("at step 2 (epoch 1), lr"));
  EXPECT_TRUE(fs::exists(out_ / "run" / "checkpoints" / "last" / "state.json"));
}

}  // namespace
}  // namespace graft::engine
