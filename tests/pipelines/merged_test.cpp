// Merged folders: what is in them, how they are read, and that they do what the run did.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/run_data.h"
#include "graft/models/model.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/features.h"
#include "graft/pipelines/merge.h"
#include "graft/pipelines/merge_proof.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kHalfPrecision = 1e-3;  // changed weights of a float16 file are rounded to it

double relative_difference(const at::Tensor& wanted, const at::Tensor& got) {
  return ((got - wanted).abs().max() / wanted.abs().max()).item<double>();
}

json json_of(const fs::path& file) {
  return json::parse(std::ifstream(file));
}

class MergedFolder : public ::testing::Test {
 protected:
  MergedFolder() { testing::make_tiny_world(folder_.path(), 2, 1, 2); }

  // A copy of a small model that its library wrote, less the expected features.
  fs::path library_model(const std::string& name) {
    const auto to = folder_ / name;
    fs::copy(source_dir() / "tests/golden/models" / name, to);
    fs::remove(to / "expected.safetensors");
    return to;
  }

  engine::AdaptOptions options(const fs::path& model, const std::string& method) {
    auto run = testing::tiny_run(folder_.path(), method);
    run.model.model = model.string();
    run.train.lr = 1e-2;
    run.train.epochs = 2;
    run.output = (folder_ / "run").string();
    run.classifier = models::HeadKind::linear;
    return run;
  }
  std::string train(engine::AdaptOptions run) {
    run.force = true;
    adapt(run, {}, host_, silent_);
    return run.output;
  }
  MergeOptions merging(const std::string& run) {
    MergeOptions o;
    o.run = run;
    o.model.threads = 1;
    o.output = (folder_ / "merged").string();
    return o;
  }
  Merged merge_run(const std::string& run) {
    fs::remove_all(folder_ / "merged");
    return merge(merging(run), host_, silent_);
  }

  at::Tensor features_of(const std::string& model, const std::string& adapter) {
    FeaturesOptions o;
    o.model.model = model;
    o.model.precision = "fp32";
    o.model.threads = 1;
    o.data = testing::tiny_run(folder_.path(), "").data;
    o.adapter = adapter;
    return features(o, host_, silent_).features;
  }
  Evaluation evaluated(const std::string& run, const std::string& model = "") {
    EvaluateOptions o;
    o.run = run;
    o.model.model = model;
    o.model.precision = "fp32";
    o.data = testing::tiny_run(folder_.path(), "").data;
    return evaluate(o, host_, silent_);
  }
  Evaluation predicted(const std::string& run, const std::string& model = "") {
    PredictOptions o;
    o.run = run;
    o.model.model = model;
    o.model.precision = "fp32";
    o.files = {(folder_ / "photos/test/red/00.bmp").string(), (folder_ / "photos/test/blue/01.bmp").string()};
    return predict(o, host_, silent_);
  }

  // The folder as anyone opens it does what the run does, and so do `evaluate` and `predict`.
  void expect_the_runs_numbers(const std::string& run, const fs::path& merged, double most = 1e-5) {
    const auto adapted = features_of("", run);
    EXPECT_LT(relative_difference(adapted, features_of(merged.string(), "")), most);
    EXPECT_LT(relative_difference(adapted, features_of("", merged.string())), most);
    for (const auto& [of_run, of_merged] : {std::pair(evaluated(run), evaluated(merged.string())),
                                            std::pair(predicted(run), predicted(merged.string()))}) {
      EXPECT_EQ(of_run.classes, of_merged.classes);
      EXPECT_EQ(of_run.predictions.labels, of_merged.predictions.labels);
      EXPECT_TRUE(at::allclose(of_run.predictions.probabilities, of_merged.predictions.probabilities,
                               most > 1e-5 ? 1e-2 : 1e-4, 1e-5));
    }
  }
  models::ModelInfo info_of(const fs::path& model) {
    return models::load_model(io::ModelFolder::at(model), {})->info();
  }
  // Nothing is left beside what the test made.
  void expect_nothing_written() {
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      EXPECT_EQ(entry.path().filename().string().find("merged"), std::string::npos) << entry.path();
  }
  std::string refusal(const MergeOptions& o) {
    try {
      merge(o, host_, silent_);
    } catch (const Error& error) {
      return error.what();
    }
    return "it was merged";
  }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

TEST_F(MergedFolder, ALoneArchiveOfOpenAiIsReadBackWithItsActivation) {
  const auto run = train(options(library_model("clip_openai") / "model.pt", "lora"));
  const auto merged = merge_run(run);
  EXPECT_EQ(merged.rounded, "float16");  // GELU in its place would be off by hundredths
  EXPECT_LT(merged.largest_deviation, kHalfPrecision);
  EXPECT_EQ(info_of(merged.folder).vision.activation, tensor::Activation::quick_gelu);
  EXPECT_EQ(json_of(merged.folder / "open_clip_config.json").at("model_cfg").at("quick_gelu"), true);
  expect_the_runs_numbers(run, merged.folder, kHalfPrecision);
}

TEST_F(MergedFolder, WhatALoneFileWasToldToBeIsWritten) {
  fs::create_directories(folder_ / "lone");
  fs::copy(folder_ / "clip" / "open_clip_model.safetensors", folder_ / "lone" / "some.safetensors");
  auto o = options(folder_ / "lone" / "some.safetensors", "lora");
  o.classifier = models::HeadKind::prompts;
  o.model.told.activation = tensor::Activation::gelu_tanh;
  o.model.told.heads = 4;
  o.model.told.text_heads = 2;
  o.model.told.mean = "0.3,0.4,0.5";
  o.model.told.std = "0.25";
  o.model.told.interpolation = data::Filter::bilinear;
  const auto run = train(o);
  const auto merged = merge_run(run);
  const auto info = info_of(merged.folder);
  EXPECT_EQ(info.vision.activation, tensor::Activation::gelu_tanh);
  EXPECT_EQ(info.vision.heads, 4);
  EXPECT_EQ(info.preprocessing.interpolation, data::Filter::bilinear);
  EXPECT_TRUE(info.notes.empty());  // nothing has to be assumed
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, WhatWasToldBesideASilentDescriptionIsWritten) {
  auto o = options(folder_ / "clip", "lora");
  o.model.told.mean = "0.3,0.4,0.5";
  const auto run = train(o);
  const auto merged = merge_run(run);
  EXPECT_FLOAT_EQ(info_of(merged.folder).preprocessing.mean[1], 0.4f);
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, NothingThatTheBaseHadIsLostAndTheHeadIsTheClassifier) {
  const auto base = library_model("vit_hf");
  auto tensors = nn::read_tensors(base / "model.safetensors");
  tensors["vit.pooler.dense.weight"] = testing::random_tensor({32, 32}, 1);
  tensors["vit.embeddings.mask_token"] = testing::random_tensor({1, 1, 32}, 2);
  ASSERT_TRUE(tensors.contains("classifier.weight"));
  nn::write_tensors(base / "model.safetensors", tensors, {{"format", "pt"}});
  std::ofstream(base / "LICENSE") << "as you like";
  const auto run = train(options(base, "lora"));
  const auto merged = merge_run(run);
  const auto written = nn::read_tensors(merged.folder / "model.safetensors");
  const auto head = nn::read_tensors(fs::path(run) / "head.safetensors");
  EXPECT_TRUE(at::equal(written.at("classifier.weight"), head.at("weight")));
  EXPECT_TRUE(at::equal(written.at("classifier.bias"), head.at("bias")));
  int64_t changed = 0;
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(written.contains(name)) << name;
    if (!name.starts_with("classifier.")) changed += !at::equal(tensor, written.at(name));
  }
  EXPECT_EQ(written.size(), tensors.size());
  EXPECT_EQ(changed, merged.tensors);
  const auto config = json_of(merged.folder / "config.json");
  EXPECT_EQ(config.at("id2label"), json({{"0", "blue"}, {"1", "green"}, {"2", "red"}}));
  EXPECT_EQ(config.at("architectures"), json({"ViTForImageClassification"}));
  EXPECT_EQ(config.at("layer_norm_eps"), json_of(base / "config.json").at("layer_norm_eps"));
  EXPECT_TRUE(fs::exists(merged.folder / "LICENSE"));
  EXPECT_EQ(content_of(merged.folder / "preprocessor_config.json"), content_of(base / "preprocessor_config.json"));
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, ABareModelOfTransformersBecomesAClassifierOfItsKind) {
  const auto base = library_model("dinov2_hf");
  const auto run = train(options(base, "bias"));
  const auto merged = merge_run(run);
  const auto written = nn::read_tensors(merged.folder / "model.safetensors");
  for (const auto& [name, tensor] : nn::read_tensors(base / "model.safetensors"))
    EXPECT_TRUE(written.contains("dinov2." + name)) << name;
  EXPECT_THAT(written.at("classifier.weight").sizes(), ElementsAre(3, 60));  // of the class token and the mean
  EXPECT_EQ(json_of(merged.folder / "config.json").at("architectures"), json({"Dinov2ForImageClassification"}));
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, TimmsHeadIsTheTrainedOne) {
  for (const char* name : {"vit_timm", "vit_timm_registers"}) {
    const auto run = train(options(library_model(name), "norm"));
    const auto merged = merge_run(run);
    const auto written = nn::read_tensors(merged.folder / "model.safetensors");
    EXPECT_TRUE(
        at::equal(written.at("head.weight"), nn::read_tensors(fs::path(run) / "head.safetensors").at("weight")));
    const auto config = json_of(merged.folder / "config.json");
    EXPECT_EQ(config.at("num_classes"), 3);
    EXPECT_EQ(config.at("label_names"), json({"blue", "green", "red"}));
    expect_the_runs_numbers(run, merged.folder);
  }
}

TEST_F(MergedFolder, ShardsBecomeOneFile) {
  const auto base = library_model("vit_hf_memory");
  const auto tensors = nn::read_tensors(base / "model.safetensors");
  nn::NamedTensors halves[2];
  json map;
  for (const auto& [name, tensor] : tensors) {
    const bool second = map.size() % 2 == 1;
    halves[second][name] = tensor;
    map[name] = second ? "two.safetensors" : "one.safetensors";
  }
  nn::write_tensors(base / "one.safetensors", halves[0], {{"format", "pt"}});
  nn::write_tensors(base / "two.safetensors", halves[1], {{"format", "pt"}});
  std::ofstream(base / "model.safetensors.index.json") << json{{"metadata", json::object()}, {"weight_map", map}};
  fs::remove(base / "model.safetensors");
  const auto run = train(options(base, "lora"));
  const auto merged = merge_run(run);
  EXPECT_FALSE(fs::exists(merged.folder / "model.safetensors.index.json"));
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, ATrainingScriptsWrappersAreTakenOff) {
  const auto checkpoint = testing::tiny_vit_checkpoint();
  nn::NamedTensors wrapped;
  for (const auto& [name, tensor] : checkpoint.tensors)
    wrapped["module." + name] = tensor;
  fs::create_directories(folder_ / "wrapped");
  nn::write_tensors(folder_ / "wrapped" / "model.safetensors", wrapped);
  std::ofstream(folder_ / "wrapped" / "config.json") << checkpoint.folder.config->value().dump();
  const auto run = train(options(folder_ / "wrapped", "lora"));
  const auto merged = merge_run(run);
  EXPECT_TRUE(nn::read_tensors(merged.folder / "model.safetensors").contains("pos_embed"));
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, NarrowWeightsStayNarrowAndTheRoundingIsMeasured) {
  const auto base = library_model("vit_hf");
  auto tensors = nn::read_tensors(base / "model.safetensors");
  for (auto& [name, tensor] : tensors)
    tensor = tensor.to(at::kHalf);
  nn::write_tensors(base / "model.safetensors", tensors, {{"format", "pt"}});
  const auto run = train(options(base, "lora"));
  const auto merged = merge_run(run);
  EXPECT_EQ(merged.rounded, "float16");
  EXPECT_GT(merged.largest_deviation, 1e-6);
  const auto written = nn::read_tensors(merged.folder / "model.safetensors");
  EXPECT_EQ(written.at("vit.embeddings.cls_token").scalar_type(), at::kHalf);
  EXPECT_LT(relative_difference(features_of("", run), features_of(merged.folder.string(), "")), 1e-2);
}

TEST_F(MergedFolder, ARunAtAnotherSizeIsReadBackAtThatSize) {
  const std::pair<fs::path, int64_t> bases[] = {{folder_ / "clip", 40},
                                                {library_model("clip_hf"), 0},
                                                {library_model("clip_openai") / "model.pt", 0},
                                                {library_model("vit_timm"), 32},
                                                {library_model("vit_timm_registers"), 35},
                                                {library_model("vit_hf"), 40},
                                                {library_model("dinov2_hf"), 42},
                                                {library_model("dinov2") / "dinov2_pretrain.pth", 0},
                                                {library_model("dino") / "checkpoint.pth", 0}};
  for (const auto& [base, asked] : bases) {
    SCOPED_TRACE(base.string());
    auto o = options(base, "lora");
    o.model.image_size = asked > 0 ? asked : 2 * info_of(base).preprocessing.output().height;
    const auto run = train(o);
    const auto merged = merge_run(run);
    EXPECT_EQ(info_of(merged.folder).preprocessing.output().height, *o.model.image_size);
    expect_the_runs_numbers(run, merged.folder, merged.rounded.empty() ? 1e-5 : kHalfPrecision);
  }
}

TEST_F(MergedFolder, AnExplicitModelIsUsedAtTheRunsSize) {
  auto o = options(folder_ / "clip", "lora");
  o.model.image_size = 40;
  const auto run = train(o), model = o.model.model;
  EXPECT_TRUE(at::equal(features_of("", run), features_of(model, run)));
  EXPECT_TRUE(at::equal(evaluated(run).predictions.probabilities, evaluated(run, model).predictions.probabilities));
  EXPECT_TRUE(at::equal(predicted(run).predictions.probabilities, predicted(run, model).predictions.probabilities));
  auto explicitly = merging(run);
  explicitly.model.model = model;
  const auto merged = merge(explicitly, host_, silent_);
  EXPECT_EQ(info_of(merged.folder).preprocessing.output().height, 40);
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, ClassPromptsAreServedByTheClassesThatAreKept) {
  auto o = options(folder_ / "clip", "lora");
  o.classifier = models::HeadKind::prompts;
  const auto run = train(o);
  const auto merged = merge_run(run);
  EXPECT_FALSE(fs::exists(merged.folder / "head.safetensors"));
  expect_the_runs_numbers(run, merged.folder);
}

TEST_F(MergedFolder, PhotosAreTurnedAsTheRunTurnedThem) {
  auto o = options(folder_ / "clip", "lora");
  o.data.exif = data::Exif::turn;
  const auto merged = merge_run(train(o));
  EXPECT_EQ(json_of(merged.folder / "graft.json").at("merged").at("exif"), "turn");
  EXPECT_EQ(engine::exif_of_run(merged.folder), data::Exif::turn);
}

TEST_F(MergedFolder, TheHeadOfPeftsClassifierIsPlaced) {
  const auto adapters = source_dir() / "tests/golden/methods/foreign_vit";
  auto o = merging((adapters / "recipe").string());
  o.model.model = (adapters / "base").string();
  const auto merged = merge(o, host_, silent_);
  EXPECT_EQ(merged.photos, 0);  // measured on generated images
  const auto result = predicted(merged.folder.string());
  EXPECT_THAT(result.classes, ElementsAre("class_0", "class_1", "class_2"));
  EXPECT_TRUE(at::allclose(result.predictions.probabilities, predicted(o.run, o.model.model).predictions.probabilities,
                           1e-4, 1e-5));
  EXPECT_THAT(evaluated(merged.folder.string()).classes, ElementsAre("blue", "green", "red"));
}

TEST_F(MergedFolder, OutputsThatWouldLoseSomethingAreRefused) {
  const auto run = train(options(folder_ / "clip", "lora"));
  auto o = merging(run);
  o.force = true;
  o.output = run;
  EXPECT_THAT(refusal(o), HasSubstr("is the run itself"));
  o.output = (folder_ / "clip").string();
  EXPECT_THAT(refusal(o), HasSubstr("lies in the base model"));
  o.output = (folder_ / "clip" / "inner").string();
  EXPECT_THAT(refusal(o), HasSubstr("lies in the base model"));
  std::ofstream(folder_ / "file") << "x";
  o.output = (folder_ / "file").string();
  EXPECT_THAT(refusal(o), HasSubstr("is a file"));
  fs::create_directories(folder_ / "theirs");
  std::ofstream(folder_ / "theirs" / "model.bin") << "x";
  o.output = (folder_ / "theirs").string();
  EXPECT_THAT(refusal(o), HasSubstr("model.bin"));
  expect_nothing_written();
  // A merge writes over what a merge wrote, and leaves what is nobody's.
  o.output = merging(run).output;
  merge(o, host_, silent_);
  std::ofstream(fs::path(o.output) / "notes.txt") << "mine";
  o.force = false;
  EXPECT_THAT(refusal(o), HasSubstr("--force"));
  o.force = true;
  merge(o, host_, silent_);
  EXPECT_TRUE(fs::exists(fs::path(o.output) / "notes.txt"));
  o.run = o.output;
  o.output = (folder_ / "merged2").string();
  EXPECT_THAT(refusal(o), HasSubstr("is merged already"));
}

TEST_F(MergedFolder, WhatAKilledMergeLeftIsRemovedByTheNext) {
  fs::create_directories(folder_ / ".merged.partial-999999999");
  fs::create_directories(folder_ / ".merged.partial-mine");
  merge_run(train(options(folder_ / "clip", "bias")));
  EXPECT_FALSE(fs::exists(folder_ / ".merged.partial-999999999"));
  EXPECT_TRUE(fs::exists(folder_ / ".merged.partial-mine"));
}

TEST_F(MergedFolder, WhatCannotBeDescribedOrProvedLeavesNothing) {
  const auto base = library_model("clip_hf");
  fs::remove(base / "config.json");
  fs::remove(base / "preprocessor_config.json");
  auto o = options(base, "lora");
  o.model.told.activation = tensor::Activation::silu;
  o.model.told.heads = info_of(folder_ / "clip").vision.heads;
  o.model.told.text_heads = 1;
  EXPECT_THAT(refusal(merging(train(o))), HasSubstr("has no place for this activation"));
  expect_nothing_written();

  const auto timm = library_model("vit_timm");
  auto config = json_of(timm / "config.json");
  config.erase("pretrained_cfg");
  std::ofstream(timm / "config.json") << config;
  o = options(timm, "lora");
  o.model.told.mean = "0.1";
  EXPECT_THAT(refusal(merging(train(o))), HasSubstr("read otherwise than it was used"));
  expect_nothing_written();
}

TEST(MergeProof, EveryWayToReadAModelOtherwiseIsNamed) {
  const models::ModelInfo used;
  EXPECT_TRUE(differences(used, used).empty());
  const auto difference = [&](const std::function<void(models::ModelInfo&)>& change) {
    auto read = used;
    change(read);
    const auto lines = differences(used, read);
    return lines.size() == 1 ? lines.front() : fmt::format("{} lines", lines.size());
  };
  using Info = models::ModelInfo;
  EXPECT_EQ(difference([](Info& i) { i.vision.heads = 3; }), "image tower: heads: 0 was used, 3 is read");
  EXPECT_THAT(difference([](Info& i) { i.vision.activation = tensor::Activation::relu; }), HasSubstr("activation"));
  EXPECT_THAT(difference([](Info& i) { i.vision.eps = 1; }), HasSubstr("eps"));
  EXPECT_THAT(difference([](Info& i) { i.pooling = "avg"; }), HasSubstr("pooling"));
  EXPECT_THAT(difference([](Info& i) { i.preprocessing.crop = data::Size{9, 9}; }), HasSubstr("image size"));
  EXPECT_THAT(difference([](Info& i) { i.preprocessing.scale = 1; }), HasSubstr("scale"));
  EXPECT_THAT(difference([](Info& i) { i.preprocessing.mean[0] = 0; }), HasSubstr("mean"));
  EXPECT_THAT(difference([](Info& i) { i.preprocessing.interpolation = data::Filter::box; }),
              HasSubstr("interpolation"));
  EXPECT_THAT(difference([](Info& i) { i.preprocessing.crop_rounding = data::CropRounding::transformers; }),
              HasSubstr("crop rounding"));
  EXPECT_THAT(difference([](Info& i) { i.no_text = "another tokenizer"; }), HasSubstr("another tokenizer"));
}

}  // namespace
}  // namespace graft::pipelines
