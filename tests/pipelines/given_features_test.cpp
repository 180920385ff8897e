// Feature methods on features that somebody made: what runs on a model's kept features gives the same numbers on the
// file of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/data/feature_file.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/features.h"
#include "graft/pipelines/zero_shot.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

using ::testing::HasSubstr;

class GivenFeatures : public ::testing::Test {
 protected:
  GivenFeatures() {
    auto o = testing::in_tiny_world<FeaturesOptions>(world_);
    o.output = file_ = (folder_ / "f.safetensors").string();
    features(o, host_, silent_);
  }
  engine::AdaptOptions on_model(const std::string& method) {
    auto o = testing::tiny_run(world_, method);
    o.train = {};
    o.train.augmentation = methods::Augmentation::none;
    return o;
  }
  engine::AdaptOptions on_file(const std::string& method) {
    auto o = on_model(method);
    o.model.model.clear();
    o.data.data = file_;
    return o;
  }
  AdaptResult run(const engine::AdaptOptions& options, const OptionValues& method_options = {}) {
    return adapt(options, method_options, host_, silent_);
  }
  // The same file with what the model's text tower says of the classes.
  void add_class_features() {
    auto o = testing::in_tiny_world<FeaturesOptions>(world_);
    const auto model = engine::open_model(o.model, host_, silent_);
    models::ClassPrompts prompts(model, {"blue", "green", "red"}, {"a photo of a {}."});
    nn::Context context;
    auto tensors = nn::read_tensors(file_);
    tensors["class_features"] = prompts.class_weights(context).detach();
    tensors["logit_scale"] = torch::tensor(prompts.scale(), torch::kDouble);
    const auto source = io::SafetensorsFile::open(file_).metadata();
    nn::write_tensors(folder_ / "g.safetensors", tensors, {source.begin(), source.end()});
    file_ = (folder_ / "g.safetensors").string();
  }
  template <class Function>
  std::string error_of(Function&& function) {
    try {
      function();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path world_ = testing::shared_tiny_world();
  TempFolder folder_;
  std::string file_;
  engine::Host host_;
  Silent silent_;
};

void expect_same(const AdaptResult& one, const AdaptResult& other) {
  ASSERT_EQ(one.test_predictions.labels, other.test_predictions.labels);
  EXPECT_EQ(one.test_predictions.files, other.test_predictions.files);
  EXPECT_TRUE(torch::equal(one.test_predictions.probabilities, other.test_predictions.probabilities));
  EXPECT_EQ(one.test.loss, other.test.loss);
}

// Class features are made unit rows anew, and so are not the prompts' to the last bit.
void expect_near(const AdaptResult& one, const AdaptResult& other) {
  ASSERT_EQ(one.test_predictions.labels, other.test_predictions.labels);
  EXPECT_TRUE(torch::allclose(one.test_predictions.probabilities, other.test_predictions.probabilities, 1e-4, 1e-5));
}

TEST_F(GivenFeatures, AProbeIsThatOnTheModelToTheLastBit) {
  for (const int64_t shots : {0, 2}) {
    auto model = on_model("linear-probe"), file = on_file("linear-probe");
    model.shots = file.shots = shots;
    model.seed = file.seed = 5;
    const auto one = run(model), other = run(file);
    EXPECT_EQ(one.test.count, 12);
    EXPECT_EQ(other.reads, data::Reads::features);
    EXPECT_EQ(other.frozen_parameters, 0);
    expect_same(one, other);
  }
}

// Gradient steps on rows in the same order.
TEST_F(GivenFeatures, ClipAdapterTrainsOnThemAsOnAModelWithALinearHead) {
  auto model = on_model("clip-adapter"), file = on_file("clip-adapter");
  model.classifier = models::HeadKind::linear;
  model.train.epochs = file.train.epochs = 3;
  expect_same(run(model), run(file));
}

TEST_F(GivenFeatures, WithClassFeaturesTipAdapterAndZeroShotRunAsWithTheTextTower) {
  EXPECT_THAT(error_of([&] { run(on_file("tip-adapter")); }), HasSubstr("f has no class_features"));
  add_class_features();
  expect_near(run(on_model("tip-adapter"), {{"views", "1"}}), run(on_file("tip-adapter"), {{"views", "1"}}));
  auto model = on_model("tip-adapter-f"), file = on_file("tip-adapter-f");
  model.train.epochs = file.train.epochs = 2;
  expect_near(run(model, {{"views", "1"}}), run(file, {{"views", "1"}}));
  auto zero = testing::in_tiny_world<ZeroShotOptions>(world_);
  const auto with_text = zero_shot(zero, host_, silent_);
  zero.model.model.clear();
  zero.data.data = file_;
  const auto with_rows = zero_shot(zero, host_, silent_);
  EXPECT_EQ(with_rows.scores.count, 12);
  EXPECT_TRUE(torch::allclose(with_text.predictions.probabilities, with_rows.predictions.probabilities, 1e-5, 1e-5));
}

TEST_F(GivenFeatures, ARunIsEvaluatedOnOtherFeatures) {
  auto o = on_file("linear-probe");
  o.output = (folder_ / "run").string();
  const auto trained = run(o);
  EvaluateOptions evaluate_options;
  evaluate_options.run = o.output;
  evaluate_options.data.data = file_;
  const auto again = evaluate(evaluate_options, host_, silent_);
  EXPECT_TRUE(torch::equal(again.predictions.probabilities, trained.test_predictions.probabilities));
  evaluate_options.data = {};  // the run's own
  EXPECT_EQ(evaluate(evaluate_options, host_, silent_).scores.count, 12);
  PredictOptions predict_options;
  predict_options.run = o.output;
  predict_options.files = {"x.jpg"};
  EXPECT_THAT(error_of([&] { predict(predict_options, host_, silent_); }), HasSubstr("was trained on features"));
}

TEST_F(GivenFeatures, WhatNeedsAModelIsRefusedByName) {
  EXPECT_THAT(error_of([&] { run(on_file("lora")); }),
              HasSubstr("has no linear maps or convolutions (it offers: none of any kind)"));
  auto o = on_file("linear-probe");
  o.model.model = "clip/";
  EXPECT_THAT(error_of([&] { run(o); }), HasSubstr("holds features, which no model reads. Leave it out"));
  o = on_file("clip-adapter");
  o.train.augmentation = methods::Augmentation::crop_flip;
  EXPECT_THAT(error_of([&] { run(o); }), HasSubstr("changes photos, and f holds features"));
  o = on_file("linear-probe");
  EXPECT_THAT(error_of([&] { run(o, {{"at", "block.1"}}); }), HasSubstr("there are no blocks"));
}

}  // namespace
}  // namespace graft::pipelines
