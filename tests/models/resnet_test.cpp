// ResNets against timm and the paper's CIFAR networks (tests/golden/make/models_resnet.py), and the variants that are
// refused.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;
using testing::tiny_resnet_checkpoint;
using testing::TinyCheckpoint;

std::filesystem::path golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / name;
}

std::string refusal_of(const TinyCheckpoint& checkpoint, const LoadOptions& options = {}) {
  try {
    checkpoint.load(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

class GoldenResnet : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenResnet, BlocksAndLogitsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const std::string name = GetParam();
  const auto folder = io::ModelFolder::at(golden(name == "resnet_cifar" ? name + "/resnet14.th" : name));
  const auto expected = io::Weights::open(golden(name) / "expected.safetensors");
  const auto model = load_model(folder, {});
  auto& tower = model->reader();
  const nn::Value images{to_float(expected.at("images"))};
  for (nn::Place place = 2; place < tower.pooled(); ++place) {
    const auto maps = tower.run(images, 0, place, {}).x;
    EXPECT_LT(relative_error(maps, to_float(expected.at(tower.name_of(place)))), 1e-5) << tower.name_of(place);
  }
  const auto weights = folder.open().unwrapped();
  const std::string head = name == "resnet_cifar" ? "linear" : "fc";
  const auto logits = at::linear(tower.encode(images, {}), to_float(weights.at(head + ".weight")),
                                 to_float(weights.at(head + ".bias")));
  EXPECT_LT(relative_error(logits, to_float(expected.at("logits"))), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenResnet, ::testing::Values("resnet_basic", "resnet_bottleneck", "resnet_cifar"),
                         [](const auto& info) { return std::string(info.param); });

class InflatedResnet : public ::testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Model> inflated() {
    return load_model(io::ModelFolder::at(golden(GetParam())), {.told = {.inflate = Inflate::i3d}});
  }
  torch::NoGradGuard no_grad_;
};

TEST_P(InflatedResnet, BlocksAndFeaturesEqualTheReference) {
  const auto expected = io::Weights::open(golden(GetParam()) / "i3d.safetensors");
  const auto model = inflated();
  EXPECT_EQ(model->info().layout, "i3d");
  auto& tower = model->reader();
  const nn::Value clips{to_float(expected.at("images")), {.segments = {}, .frames = 9}};
  for (nn::Place place = 2; place < tower.pooled(); ++place) {
    const auto maps = tower.run(clips, 0, place, {}).x;
    EXPECT_LT(relative_error(maps, to_float(expected.at(tower.name_of(place)))), 1e-5) << tower.name_of(place);
  }
  EXPECT_LT(relative_error(tower.encode(clips, {}), to_float(expected.at("features"))), 1e-5);
}

TEST_P(InflatedResnet, AStandingPhotoGivesThePhotosActivationsAwayFromTheEnds) {
  const auto photo = testing::random_tensor({1, 3, 24, 24}, 5);
  const auto flat = load_model(io::ModelFolder::at(golden(GetParam())), {})->reader().run({photo}, 0, 2, {}).x;
  const nn::Value clip{photo.repeat({32, 1, 1, 1}), {.segments = {}, .frames = 32}};
  const auto over_time = inflated()->reader().run(clip, 0, 2, {}).x;  // [1, 8, H, W, C]
  ASSERT_EQ(over_time.size(1), 8);
  for (int64_t t = 3; t < 6; ++t)  // beyond what the zeros before and behind the clip reach
    EXPECT_LT(relative_error(over_time.select(1, t), flat), 1e-5) << t;
  EXPECT_GT(relative_error(over_time.select(1, 0), flat), 1e-2);
}

TEST_P(InflatedResnet, IsWrittenAndReadBackAsWhatItBecame) {
  const auto folder = io::ModelFolder::at(golden(GetParam()));
  const auto model = inflated();
  TinyCheckpoint written;
  written.folder = folder;
  written.tensors = model->to_checkpoint();
  const auto back = written.load();
  EXPECT_EQ(back->info().layout, "i3d");
  EXPECT_EQ(back->info().fingerprint, model->info().fingerprint);
  const nn::Value clips{testing::random_tensor({16, 3, 24, 24}, 5), {.segments = {}, .frames = 8}};
  EXPECT_TRUE(at::equal(back->reader().encode(clips, {}), model->reader().encode(clips, {})));
}

TEST_P(InflatedResnet, RefusesAClipThatItsStridesLeaveNothingOf) {
  const nn::Value clips{testing::random_tensor({4, 3, 24, 24}, 5), {.segments = {}, .frames = 4}};
  EXPECT_THROW(inflated()->reader().encode(clips, {}), DataError);
}

INSTANTIATE_TEST_SUITE_P(Models, InflatedResnet, ::testing::Values("resnet_basic", "resnet_bottleneck"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Resnet, AClipHasTheMeanOfItsFramesFeatures) {
  const torch::NoGradGuard no_grad;
  const auto model = tiny_resnet_checkpoint().load();
  auto& tower = model->reader();
  nn::Value clips = tiny_resnet_checkpoint().examples(6, 3);
  const auto frames = tower.encode(clips, {});
  clips.layout.frames = 3;
  EXPECT_LT(relative_error(tower.encode(clips, {}), frames.view({2, 3, -1}).mean(1)), 1e-6);
  EXPECT_EQ(tower.rows(tower.run(clips, 0, 2, {})).size(0), 2);
}

TEST(Resnet, IsPreparedAsTimmSaysOrAsTorchvisionDoes) {
  const auto said = load_model(io::ModelFolder::at(golden("resnet_basic")), {})->info();
  EXPECT_EQ(said.layout, "timm");
  EXPECT_EQ(said.preprocessing.output(), (data::Size{40, 40}));
  EXPECT_EQ(said.preprocessing.resize, (data::Size{42, 42}));  // floor(40 / 0.95)
  EXPECT_EQ(said.preprocessing.interpolation, data::Filter::bicubic);
  auto alone = tiny_resnet_checkpoint();
  alone.folder.config.reset();
  const auto usual = alone.load()->info();
  EXPECT_EQ(usual.layout, "torchvision");
  EXPECT_EQ(usual.preprocessing.resize, (data::Size{256, 256}));
  EXPECT_EQ(usual.preprocessing.output(), (data::Size{224, 224}));
  EXPECT_EQ(usual.preprocessing.interpolation, data::Filter::bilinear);
  EXPECT_THAT(usual.notes.front().text, HasSubstr("no config.json"));
  const auto cifar = load_model(io::ModelFolder::at(golden("resnet_cifar/resnet14.th")), {})->info();
  EXPECT_EQ(cifar.layout, "cifar");
  EXPECT_EQ(cifar.preprocessing.output(), (data::Size{32, 32}));
  EXPECT_EQ(cifar.description, "CIFAR ResNet-14 32x16");
}

TEST(Resnet, SaysThatConvolutionsAreNotPacked) {
  LoadOptions options;
  options.precision = tensor::Precision::bf16;
  const auto model = tiny_resnet_checkpoint().load(options);
  EXPECT_EQ(model->precision(), tensor::Precision::fp32);
  EXPECT_THAT(model->info().notes.back().text, HasSubstr("float32, not in bf16"));
}

TEST(Resnet, ItsStatisticsAreInItsFingerprintAndNeverTrain) {
  auto checkpoint = tiny_resnet_checkpoint();
  const auto first = checkpoint.load();
  auto& mean = checkpoint.tensors.at("layer1.0.bn1.running_mean");
  mean = mean + 1;
  EXPECT_NE(checkpoint.load()->info().fingerprint, first->info().fingerprint);
  for (const auto& parameter : first->named_parameters())
    EXPECT_EQ(parameter.key().find("running_"), std::string::npos) << parameter.key();
}

TEST(Resnet, RefusesVariantsByWhatTheyAre) {
  const auto with = [](const std::string& name, std::vector<int64_t> shape) {
    auto checkpoint = tiny_resnet_checkpoint();
    checkpoint.tensors[name] = testing::random_tensor(std::move(shape), 1);
    return refusal_of(checkpoint);
  };
  EXPECT_THAT(with("conv1.0.weight", {4, 3, 3, 3}), HasSubstr("ResNet-C, -D"));
  EXPECT_THAT(with("layer1.0.se.fc1.weight", {2, 8, 1, 1}), HasSubstr("squeeze and excitation"));
  EXPECT_THAT(with("layer1.0.downsample.1.weight", {8, 8, 1, 1}), HasSubstr("ResNet-D"));
  EXPECT_THAT(with("conv1.weight", {8, 3, 3, 3}), HasSubstr("CIFAR network"));
  EXPECT_THAT(with("conv1.weight", {8, 1, 7, 7}), HasSubstr("[8, 1, 7, 7]"));
  auto no_statistics = tiny_resnet_checkpoint();
  no_statistics.tensors.erase("bn1.running_mean");
  EXPECT_THAT(refusal_of(no_statistics), HasSubstr("norms other than batch norms"));
}

TEST(Resnet, RefusesADescriptionThatNobodyWritesBesideIt) {
  auto checkpoint = tiny_resnet_checkpoint();
  checkpoint.folder.preprocessor_config = io::JsonObject::parse("{}", "preprocessor_config.json");
  EXPECT_THAT(refusal_of(checkpoint), HasSubstr("preprocessor_config.json lies beside"));
  checkpoint = tiny_resnet_checkpoint();
  checkpoint.folder.config = io::JsonObject::parse(R"({"model_type": "resnet"})", "config.json");
  EXPECT_THAT(refusal_of(checkpoint), HasSubstr("names none of timm's architectures"));
}

// Of bottlenecks, whose widths tell.
TEST(Resnet, RefusesWideAndGroupedBottlenecks) {
  const auto with = [](int64_t grouped, int64_t outputs) {
    TinyCheckpoint checkpoint = tiny_resnet_checkpoint();
    checkpoint.tensors["layer1.0.conv2.weight"] = testing::random_tensor({8, grouped, 3, 3}, 1);
    checkpoint.tensors["layer1.0.conv3.weight"] = testing::random_tensor({outputs, 8, 1, 1}, 2);
    return refusal_of(checkpoint);
  };
  EXPECT_THAT(with(2, 32), HasSubstr("ResNeXt"));
  EXPECT_THAT(with(8, 16), HasSubstr("wide ResNet"));
}

TEST(Resnet, RefusesArchitecturesThatHaveTheSameTensors) {
  for (const auto* name : {"resnetblur50", "resnetaa50", "resnet50d", "resnext50_32x4d"}) {
    auto checkpoint = tiny_resnet_checkpoint();
    checkpoint.folder.config = io::JsonObject(
        nlohmann::json{{"architecture", name}, {"pretrained_cfg", nlohmann::json::object()}}, "config.json");
    EXPECT_THAT(refusal_of(checkpoint), HasSubstr(fmt::format("graft does not know this architecture: {}", name)));
  }
  const auto with_args = [](const nlohmann::json& args) {
    auto checkpoint = tiny_resnet_checkpoint();
    auto config = checkpoint.folder.config->value();
    config["model_args"].update(args);
    checkpoint.folder.config = io::JsonObject(config, "config.json");
    return refusal_of(checkpoint);
  };
  EXPECT_THAT(with_args({{"act_layer", "silu"}}), HasSubstr("act_layer"));
  EXPECT_THAT(with_args({{"output_stride", 16}}), HasSubstr("output_stride"));
  EXPECT_THAT(with_args({{"something_new", 2}}), HasSubstr("something_new"));
}

TEST(Resnet, RefusesWhatIsToldOfTransformers) {
  LoadOptions options;
  options.told.heads = 4;
  EXPECT_THAT(refusal_of(tiny_resnet_checkpoint(), options), HasSubstr("--heads"));
  options.told = {.inflate = Inflate::timesformer};
  EXPECT_THAT(refusal_of(tiny_resnet_checkpoint(), options), HasSubstr("--inflate timesformer"));
}

}  // namespace
}  // namespace graft::models
