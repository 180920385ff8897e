// Whole runs on the tiny world: what lies in the folder, and what has no say in the bits.
#include "graft/pipelines/adapt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <map>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/data/dataset.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/run_config.h"
#include "graft/io/json_object.h"
#include "graft/io/yaml_options.h"
#include "graft/methods/entry.h"
#include "graft/nn/site.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/evaluate.h"
#include "graft/train/checkpoint.h"
#include "graft/train/run_folder.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Adapt : public ::testing::Test {
 protected:
  AdaptResult run(engine::AdaptOptions options, const OptionValues& method_options = {}) {
    if (!options.output.empty()) options.output = (out_ / options.output).string();
    return adapt(options, method_options, host_, silent_);
  }
  engine::AdaptOptions options(const std::string& method) {
    return testing::tiny_run(testing::shared_tiny_world(), method);
  }
  std::string bytes(const std::string& run, const char* file = "adapter_model.safetensors") {
    return content_of(out_ / run / file);
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

  TempFolder out_;
  engine::Host host_;
  Silent silent_;
};

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
  EXPECT_GE(result.test.first().value, 0.9);  // colours are easy
  EXPECT_EQ(result.classes, (std::vector<std::string>{"blue", "green", "red"}));
  EXPECT_FALSE(result.features_cached);
  const auto metrics = train::read_metrics(out_ / "run" / "metrics.jsonl");
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
  o.train.augmentation = methods::Augmentation::crop_flip;
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
  o.classifier = models::HeadKind::linear;
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

// Stops a run in its second epoch.
struct StopsInTheSecondEpoch : Reporter {
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view) override {}
  void note(const Note&) override {}
  void progress(const Progress& p) override {
    if (p.stage == "train" && p.done > 20) request_stop(SIGINT);
  }
};

TEST_F(Adapt, AResumedRunEndsOnTheSameBits) {
  auto o = options("lora");
  o.train.augmentation = methods::Augmentation::crop_flip;
  o.output = "whole";
  run(o);

  StopsInTheSecondEpoch stops;
  o.output = (out_ / "parts").string();
  const auto stopped = adapt(o, {}, host_, stops);
  request_stop(0);
  EXPECT_EQ(stopped.stopped_by, SIGINT);
  EXPECT_EQ(stopped.steps, 4);
  EXPECT_FALSE(fs::exists(out_ / "parts" / "adapter_config.json"));

  engine::AdaptOptions resume;
  resume.resume = (out_ / "parts").string();
  const auto resumed = run(resume);
  EXPECT_EQ(resumed.steps, 9);
  for (const char* file : {"adapter_model.safetensors", "predictions.jsonl"}) {
    EXPECT_EQ(bytes("whole", file), bytes("parts", file)) << file;
  }
  run(resume);  // a finished run is finished again, and no row is there twice
  EXPECT_EQ(bytes("whole"), bytes("parts"));
  EXPECT_EQ(train::read_metrics(out_ / "parts" / "metrics.jsonl").size(), 9u + 3 + 1);
}

TEST_F(Adapt, MixedBatchesAreTheSameBitsAtAnyNumberOfWorkersAndAfterAStop) {
  for (const std::string mix : {"mixup:prob=0.5,cutmix", "mixup:at=random,lambda=example,alpha=1"}) {
    auto o = options("lora");
    o.train.mix = mix;
    o.train.augmentation = methods::Augmentation::crop_flip;
    const std::string name = mix.substr(0, 8) == "mixup:pr" ? "input" : "random";
    for (const int64_t workers : {1, 3}) {
      o.data.workers = workers;
      o.output = fmt::format("{}{}", name, workers);
      run(o);
    }
    EXPECT_EQ(bytes(name + "1"), bytes(name + "3"));
    StopsInTheSecondEpoch stops;
    o.output = (out_ / (name + "-parts")).string();
    EXPECT_EQ(adapt(o, {}, host_, stops).stopped_by, SIGINT);
    request_stop(0);
    engine::AdaptOptions rest;
    rest.resume = o.output;
    run(rest);
    EXPECT_EQ(bytes(name + "1"), bytes(name + "-parts"));
    EXPECT_EQ(io::read_yaml_options(out_ / (name + "-parts") / "config.yaml").at("mix"), mix);
    o.train.mix.clear();
    o.output = name + "-plain";
    run(o);
    EXPECT_NE(bytes(name + "1"), bytes(name + "-plain"));
  }
}

TEST_F(Adapt, MixedFeaturesAreTheSameBitsKeptOrComputed) {
  auto o = options("linear-probe");
  o.classifier = models::HeadKind::linear;
  o.train.mix = "mixup:at=features";
  host_.cache_dir = out_ / "cache";
  o.output = "fresh";
  EXPECT_TRUE(run(o, {{"solver", "sgd"}}).features_cached);
  o.output = "cached";
  EXPECT_EQ(run(o, {{"solver", "sgd"}}).photos_encoded, 0);
  EXPECT_EQ(bytes("fresh", "head.safetensors"), bytes("cached", "head.safetensors"));
  o.train.mix = "cutmix";  // of pixels
  o.output = "pixels";
  const auto result = run(o, {{"solver", "sgd"}});
  EXPECT_FALSE(result.features_cached);
  EXPECT_NE(bytes("fresh", "head.safetensors"), bytes("pixels", "head.safetensors"));
}

// A world of its own, for tests that change photos.
class Resume : public Adapt {
 protected:
  Resume() { testing::make_tiny_world(own_.path()); }

  // A finished run in out_/run.
  AdaptResult finished(engine::AdaptOptions o, const OptionValues& method_options = {}) {
    o.output = "run";
    return run(o, method_options);
  }
  AdaptResult again(const OptionValues& given = {}) { return resume((out_ / "run").string(), given, host_, silent_); }
  std::map<std::string, std::string> folder() {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(out_ / "run")) {
      if (entry.is_regular_file()) files[entry.path().string()] = content_of(entry.path());
    }
    return files;
  }

  TempFolder own_;
};

TEST_F(Resume, WhatIsGivenAndNotAsTheRunHasItIsRefusedAtOnce) {
  auto o = options("lora");
  finished(o);
  const auto before = folder();
  const auto text = error_of<UsageError>([&] {
    again({{"epochs", "50"},
           {"lr", "1"},
           {"method", "vpt"},
           {"model", "nowhere"},
           {"output", "elsewhere"},
           {"force", "true"},
           {"tokens", "4"}});
  });
  for (const char* part :
       {"--epochs 50 was given beside --resume: the run has 3, over which its schedule, cosine",
        "--lr 1 was given beside --resume: the run has 0.0002.", "--method vpt was", "--model nowhere was",
        "--output elsewhere was given beside --resume: the run stays in", "--force was",
        "--tokens 4 was given beside --resume: the run's method is lora, which has no such option"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(folder(), before);
}

TEST_F(Resume, AnotherMixingOrLossIsAnotherRun) {
  auto o = options("lora");
  o.train.mix = "mixup";
  finished(o);
  const auto text = error_of<UsageError>([&] { again({{"mix", "cutmix"}, {"loss", "ldam"}}); });
  EXPECT_THAT(text, HasSubstr("--mix cutmix was given beside --resume: the run has mixup"));
  EXPECT_THAT(text, HasSubstr("--loss ldam was given beside --resume"));
  again({{"mix", "mixup"}});
}

TEST_F(Resume, WhatIsGivenAsTheRunHasItOrChangesNoBitIsTaken) {
  auto o = options("lora");
  finished(o);
  const auto adapter = bytes("run");
  const auto result = again({{"lr", "2e-4"},
                             {"rank", "8"},
                             {"model", o.model.model + "/."},
                             {"precision", "fp32"},
                             {"output", (out_ / "run").string()},
                             {"template", "a photo of a {}."},
                             {"shots", "0"},
                             {"workers", "3"},
                             {"keep", "1"},
                             {"cache", "false"},
                             {"epochs", ""}});
  EXPECT_EQ(result.steps, 9);
  EXPECT_EQ(bytes("run"), adapter);
}

TEST_F(Resume, MoreEpochsOfAConstantRateAreAsIfAskedForAtFirst) {
  auto o = options("lora");
  o.train.schedule = methods::ScheduleKind::constant;
  o.train.augmentation = methods::Augmentation::crop_flip;
  finished(o);
  o.train.epochs = 5;
  o.output = "whole";
  run(o);
  EXPECT_EQ(again({{"epochs", "5"}}).steps, 15);
  EXPECT_EQ(bytes("run"), bytes("whole"));
  EXPECT_EQ(bytes("run", "config.yaml"), bytes("whole", "config.yaml"));
  EXPECT_THAT(error_of<UsageError>([&] { again({{"epochs", "4"}}); }), HasSubstr("the run has 5, and 5 are done"));
}

TEST_F(Resume, ReplacedPhotosAreRefusedAndNothingIsTouched) {
  for (const char* method : {"lora", "linear-probe"}) {
    auto o = testing::tiny_run(own_.path(), method);
    if (std::string(method) == "linear-probe") o.train.epochs.reset();
    o.force = true;
    finished(o);
    const auto before = folder();
    const auto photo = own_.path() / "photos/train/red/00.bmp";
    const auto kept = content_of(photo);
    testing::write_bitmap(photo, 1, 2, 3, 99);
    const auto text = error_of<DataError>([&] { again(); });
    EXPECT_THAT(text, HasSubstr("train: 18 photos as before, but their contents")) << method;
    EXPECT_EQ(folder(), before) << method;
    std::ofstream(photo, std::ios::binary) << kept;
    EXPECT_EQ(again().test.count, 12) << method;
  }
}

TEST_F(Resume, APhotoMoreIsRefusedAlsoWhereTheRunIsFinished) {
  finished(testing::tiny_run(own_.path(), "lora"));
  const auto before = folder();
  testing::write_bitmap(own_.path() / "photos/test/red/99.bmp", 200, 60, 60, 7);
  EXPECT_THAT(error_of<DataError>([&] { again(); }), HasSubstr("test: there were 12 photos, there are 13"));
  EXPECT_EQ(folder(), before);
}

TEST_F(Resume, AModelWhoseFilesSayThatItIsReadOtherwiseIsRefused) {
  finished(testing::tiny_run(own_.path(), "lora"));
  const auto before = folder();
  const auto file = own_.path() / "clip/open_clip_config.json";
  auto config = io::JsonObject::read(file)->value();
  config["model_cfg"]["quick_gelu"] = false;
  std::ofstream(file) << config.dump();
  EXPECT_THAT(error_of<ModelError>([&] { again(); }), HasSubstr("what its files say of how they are read"));
  EXPECT_EQ(folder(), before);
}

TEST_F(Resume, TellsTheWholeRunsTimeAndItsFirstCommand) {
  host_.command = "graft adapt --first";
  const auto first = finished(options("lora"));
  EXPECT_EQ(first.command, "graft adapt --first");
  host_.command = "graft adapt --resume run";
  const auto second = again();
  EXPECT_EQ(second.command, "graft adapt --first");
  EXPECT_EQ(second.legs, 2);
  EXPECT_GE(second.seconds, first.seconds);
  EXPECT_GE(second.train_seconds, first.train_seconds);
  EXPECT_GE(again().seconds, second.seconds);
}

TEST_F(Resume, ARunOfAnOlderGraftGoesOnWithANote) {
  auto o = options("lora");
  finished(o);
  const auto adapter = bytes("run");
  const auto model = engine::read_adapter_info(out_ / "run").fingerprint;
  const auto data = data::open_dataset(o.data.data);
  const auto config = io::read_yaml_options(out_ / "run" / "config.yaml");
  auto checkpoint = *train::load_last_checkpoint(out_ / "run" / "checkpoints");
  checkpoint.identity = engine::identity_by_names(config, model, data);
  train::save_checkpoint(out_ / "run" / "checkpoints", checkpoint, 1);
  fs::remove(out_ / "run" / "run.json");
  struct Notes : Reporter {
    std::string text;
    void line(std::string_view, std::string_view) override {}
    void warn(std::string_view) override {}
    void note(const Note& note) override { text += note.text; }
    void progress(const Progress&) override {}
  } notes;
  resume((out_ / "run").string(), {}, host_, notes);
  EXPECT_THAT(notes.text, HasSubstr("begun by an older graft"));
  EXPECT_EQ(bytes("run"), adapter);
  EXPECT_TRUE(fs::exists(out_ / "run" / "run.json"));
}

TEST_F(Adapt, AStrengthOfZeroTrainsNothing) {
  for (const char* classifier : {"prompts", "linear"}) {
    auto o = options("lora");
    option::parse("test", "classifier", classifier, o.classifier);
    const auto text = error_of<ConfigError>([&] { run(o, {{"alpha", "0"}}); });
    EXPECT_THAT(text, HasSubstr("It was asked for --alpha 0.")) << classifier;
    EXPECT_THAT(text, HasSubstr(".lora.a")) << classifier;
  }
  EXPECT_THAT(error_of<ConfigError>([&] {
                run(options("clip-adapter"), {{"ratio", "0"}});
              }),
              HasSubstr("nothing can train"));
}

TEST_F(Adapt, WordsThatBelongToNoClassServeNewNames) {
  auto o = options("coop");
  o.output = "run";
  const auto result = run(o);
  EvaluateOptions e;
  e.run = (out_ / "run").string();
  e.data = o.data;
  e.model.threads = 1;
  // The run's own names, in any order: the same probabilities.
  e.data.dataset.classes = "red,green,blue";
  const auto turned = evaluate(e, host_, silent_);
  EXPECT_EQ(turned.classes, (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_TRUE(torch::allclose(turned.predictions.probabilities.flip(1), result.test_predictions.probabilities));
  EXPECT_EQ(tasks::count_classes(turned.predictions).correct, tasks::count_classes(result.test_predictions).correct);
  // New ones.
  PredictOptions p;
  p.run = e.run;
  p.model.threads = 1;
  p.files = {(testing::shared_tiny_world() / "photos/test/red/00.bmp").string()};
  p.classes = "crimson,lime,sky_blue,red";
  const auto others = predict(p, host_, silent_);
  EXPECT_EQ(others.predictions.probabilities.size(1), 4);
  EXPECT_EQ(others.classes[2], "sky_blue");
}

TEST_F(Adapt, AnInsertAtTheHeadServesNewNamesAsTheOld) {
  auto o = options("clip-adapter");
  o.output = "run";
  const auto result = run(o);
  PredictOptions p;
  p.run = (out_ / "run").string();
  p.model.threads = 1;
  p.files = {(testing::shared_tiny_world() / "photos" / result.test_predictions.files[0]).string()};
  p.classes = "blue,green,red,violet";
  const auto four = predict(p, host_, silent_).predictions.probabilities[0];
  const auto three = result.test_predictions.probabilities[0];
  EXPECT_NEAR((four[0] / four[1]).item<double>() / (three[0] / three[1]).item<double>(), 1, 1e-3);
}

TEST_F(Adapt, WhatBelongsToItsClassesRefusesNewOnesAndSaysWhy) {
  const auto refusal = [&](const std::string& method, const OptionValues& method_options) {
    auto o = options(method);
    o.output = method;
    if (method == "tip-adapter") o.train.epochs.reset();
    run(o, method_options);
    PredictOptions p;
    p.run = (out_ / method).string();
    p.files = {(testing::shared_tiny_world() / "photos/test/red/00.bmp").string()};
    p.classes = "red,green";
    EXPECT_EQ(predict(p, host_, silent_).predictions.probabilities.size(1), 2) << method;
    p.classes = "red,violet";
    return error_of<DataError>([&] { predict(p, host_, silent_); });
  };
  EXPECT_THAT(refusal("linear-probe", {}), HasSubstr("its linear head has a row for each of its 3 classes"));
  EXPECT_THAT(refusal("coop", {{"csc", "true"}}), HasSubstr("what coop learned belongs to its 3 classes"));
  EXPECT_THAT(refusal("tip-adapter", {}), HasSubstr("what tip-adapter learned belongs"));
}

TEST_F(Resume, AFolderOfSomeOfTheClassesIsEvaluatedOverTheRuns) {
  auto o = testing::tiny_run(own_.path(), "lora");
  o.output = "run";
  run(o);
  fs::create_directories(out_ / "one" / "test");
  fs::copy(own_.path() / "photos/test/red", out_ / "one" / "test" / "red");
  EvaluateOptions e;
  e.run = (out_ / "run").string();
  e.data.data = (out_ / "one").string();
  e.model.threads = 1;
  const auto one = evaluate(e, host_, silent_);
  EXPECT_EQ(one.scores.count, 4);
  EXPECT_EQ(one.predictions.probabilities.size(1), 3);
  fs::rename(out_ / "one" / "test" / "red", out_ / "one" / "test" / "pink");
  const auto text = error_of<DataError>([&] { evaluate(e, host_, silent_); });
  EXPECT_THAT(text, HasSubstr("pink"));
  EXPECT_THAT(text, HasSubstr("--classes"));
}

TEST_F(Resume, WeightsThatAreNotFiniteAreRefusedByName) {
  const auto file = own_.path() / "clip" / "open_clip_model.safetensors";
  auto weights = nn::read_tensors(file);
  weights["visual.transformer.resblocks.1.mlp.c_fc.weight"][3][2] = std::nanf("");
  nn::write_tensors(file, weights);
  const auto text = error_of<ModelError>([&] { run(testing::tiny_run(own_.path(), "tip-adapter")); });
  EXPECT_THAT(text, HasSubstr("visual.transformer.resblocks.1.mlp.c_fc.weight: 1 of "));
}

TEST_F(Resume, FeaturesThatOverflowNameThePhotoAndThePlace) {
  const auto file = own_.path() / "clip" / "open_clip_model.safetensors";
  auto weights = nn::read_tensors(file);
  weights["visual.transformer.resblocks.1.mlp.c_proj.weight"].fill_(3e38f);
  nn::write_tensors(file, weights);
  auto o = testing::tiny_run(own_.path(), "tip-adapter");
  o.train.epochs.reset();
  const auto text = error_of<DivergenceError>([&] { run(o); });
  EXPECT_THAT(text, HasSubstr(".bmp"));
  EXPECT_THAT(text, HasSubstr("from block.1 on"));
}

TEST_F(Adapt, EveryMethodTrainsSavesAndLoadsToTheSamePredictions) {
  engine::Session session(options("").model, options("").data, host_, silent_);
  for (const auto* entry : methods::entries()) {
    const auto& targets = entry->needs.targets;
    const bool of_classes = targets.empty() || std::ranges::find(targets, data::Target::label) != targets.end();
    if (!of_classes || !methods::fits(*entry, *session.model())) continue;  // photos of classes, and a Transformer
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
    EXPECT_EQ(tasks::count_classes(result.test_predictions).correct, tasks::count_classes(loaded.predictions).correct);
  }
}

TEST_F(Adapt, ASessionsModelIsAsItWasAfterEachRun) {
  engine::Session session(options("").model, options("").data, host_, silent_);
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
  engine::Session session(options("").model, options("").data, host_, silent_);
  EXPECT_EQ(adapt(session, options("coop"), {}, silent_).photos_encoded, 18 + 6 + 12);
  EXPECT_EQ(adapt(session, options("clip-adapter"), {}, silent_).photos_encoded, 0);
}

TEST_F(Adapt, AnAdapterOfAnotherModelIsRefusedUnlessForced) {
  auto o = options("lora");
  o.output = "run";
  run(o);
  const auto other = TempFolder();
  testing::make_tiny_world(other.path(), 1, 1, 1);
  auto weights = nn::read_tensors(other / "clip" / "open_clip_model.safetensors");
  weights["visual.proj"].mul_(1.5);
  nn::write_tensors(other / "clip" / "open_clip_model.safetensors", weights);
  PredictOptions p;
  p.run = (out_ / "run").string();
  p.model.model = (other / "clip").string();
  p.files = {(testing::shared_tiny_world() / "photos/test/red/00.bmp").string()};
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
  p.files = {(testing::shared_tiny_world() / "photos" / result.test_predictions.files[5]).string()};
  const auto one = predict(p, host_, silent_);
  EXPECT_TRUE(torch::equal(one.predictions.probabilities[0], result.test_predictions.probabilities[5]));
}

TEST_F(Adapt, WhatIsWrongIsToldBeforeAnythingIsWritten) {
  const auto refused = [&](engine::AdaptOptions o, const OptionValues& method_options = {}) {
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
  for (const auto& [mix, said] : std::vector<std::pair<std::string, std::string>>{
           {"mixup:alpha=0", "--alpha: expected more than 0"}, {"mixup:prob=2", "--prob: expected 0 to 1"}}) {
    o = options("lora");
    o.train.mix = mix;
    EXPECT_THAT(refused(o), HasSubstr(said));
  }
  o.train.mix = "mixup";
  o.train.batch_size = 1;
  EXPECT_THAT(refused(o), HasSubstr("--batch-size is 1"));
  o = options("lora");
  o.train.loss = "cross-entropy:weights=1,2";
  EXPECT_THAT(refused(o), HasSubstr("a number for each of the 3 classes, got 2"));
  o = options("lora");
  o.shots = 7;
  EXPECT_THAT(refused(o), HasSubstr("7"));
  o = options("lora");
  o.model.device = "cuda";
  EXPECT_THAT(refused(o), HasSubstr("--device"));
  o = options("coop");
  o.classifier = models::HeadKind::linear;
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
}  // namespace graft::pipelines
