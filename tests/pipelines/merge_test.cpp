#include "graft/pipelines/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/features.h"
#include "tests/support/tiny_models.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Merge : public ::testing::Test {
 protected:
  Merge() { testing::make_tiny_world(folder_.path(), 3, 1, 2); }

  MergeOptions train(const std::string& method, const OptionValues& method_options = {}) {
    auto run = testing::tiny_run(folder_.path(), method);
    run.train.lr = 1e-2;
    run.output = (folder_ / "run").string();
    run.force = true;
    adapt(run, method_options, host_, silent_);
    MergeOptions o;
    o.run = run.output;
    o.model.threads = 1;
    o.output = (folder_ / "merged").string();
    return o;
  }
  at::Tensor features_of(const std::string& model, const std::string& adapter) {
    const auto run = testing::tiny_run(folder_.path(), "");
    FeaturesOptions o;
    o.model = run.model;
    o.model.model = model;
    o.data = run.data;
    o.adapter = adapter;
    return features(o, host_, silent_).features;
  }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

TEST_F(Merge, AMergedModelOpensByItselfAndDoesWhatTheAdaptedOneDid) {
  const auto o = train("lora", {{"target", "q,v,fc1"}});
  const auto merged = merge(o, host_, silent_);
  EXPECT_EQ(merged.folded, 6);  // qkv and fc1 of three blocks
  EXPECT_EQ(merged.photos, 6);
  EXPECT_LT(merged.largest_deviation, 1e-5);  // float32, sums of 32 terms
  const auto adapted = features_of("", o.run), plain = features_of(o.output, "");
  EXPECT_LT((adapted - plain).abs().max().item<float>(), 1e-5f * adapted.abs().max().item<float>());
  EXPECT_GT((plain - features_of((folder_ / "clip").string(), "")).abs().max().item<float>(), 1e-4f);
  EXPECT_EQ(content_of(fs::path(o.output) / "open_clip_config.json"),
            content_of(folder_ / "clip" / "open_clip_config.json"));
}

TEST_F(Merge, WhatIsNoChangeOfWeightsIsRefusedByNameAndNothingIsWritten) {
  const auto o = train("vpt");
  try {
    merge(o, host_, silent_);
    FAIL() << "prompts were folded";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("vision.blocks.0.tokens"));
  }
  EXPECT_FALSE(fs::exists(o.output));
}

// In place of the world's own model.
void put_resnet(const fs::path& base, const testing::TinyCheckpoint& checkpoint) {
  fs::remove_all(base);
  fs::create_directories(base);
  nn::write_tensors(base / "model.safetensors", checkpoint.tensors);
  std::ofstream(base / "config.json") << checkpoint.folder.config->value().dump();
}

TEST_F(Merge, WhatStandsInConvolutionsLiesInTheirWeights) {
  const auto checkpoint = testing::tiny_resnet_checkpoint();
  put_resnet(folder_ / "clip", checkpoint);
  const auto o = train("lora", {{"rank", "2"}, {"target", "conv*,shortcut,vision.stem.conv1"}});
  const auto merged = merge(o, host_, silent_);
  EXPECT_EQ(merged.folded, 1 + 6 + 1);
  EXPECT_LT(merged.largest_deviation, 1e-5);  // float32
  const auto weights = io::Weights::open(fs::path(o.output) / "model.safetensors");
  for (const std::string name : {"conv1.weight", "layer2.0.conv2.weight", "layer2.0.downsample.0.weight"})
    EXPECT_FALSE(at::equal(models::to_float(weights.at(name)), checkpoint.tensors.at(name))) << name;
}

TEST_F(Merge, BatchNormsThatTrainedLieInTheFolderWithTheirStatisticsAndTimmsHead) {
  const auto checkpoint = testing::tiny_resnet_checkpoint();
  put_resnet(folder_ / "clip", checkpoint);
  const auto o = train("norm");
  const auto merged = merge(o, host_, silent_);
  EXPECT_LT(merged.largest_deviation, 1e-6);
  EXPECT_EQ(merged.head, "head of timm's model");
  const auto weights = io::Weights::open(fs::path(o.output) / "model.safetensors");
  EXPECT_NE(weights.find("fc.weight"), nullptr);
  const auto tensor = [&](const std::string& name) { return models::to_float(weights.at(name)); };
  EXPECT_TRUE(at::equal(tensor("bn1.running_var"), checkpoint.tensors.at("bn1.running_var")));
  EXPECT_TRUE(at::equal(tensor("conv1.weight"), checkpoint.tensors.at("conv1.weight")));
  EXPECT_FALSE(at::equal(tensor("bn1.weight"), checkpoint.tensors.at("bn1.weight")));
}

TEST_F(Merge, AFolderThatExistsIsRefusedUnlessForced) {
  auto o = train("lora");
  fs::create_directories(fs::path(o.output) / "something");
  EXPECT_THROW(merge(o, host_, silent_), ConfigError);
  o.force = true;
  EXPECT_GT(merge(o, host_, silent_).folded, 0);
}

}  // namespace
}  // namespace graft::pipelines
