// torchvision's video networks against torchvision (tests/golden/make/models_resnet3d.py).
#include <gmock/gmock.h>
#include <torch/types.h>

#include <string>

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
using testing::tiny_resnet3d_checkpoint;

constexpr int64_t kFrames = 5;

std::filesystem::path golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / name;
}

std::filesystem::path checkpoint(const std::string& name) {
  return golden(name == "r3d" ? "r3d/model.pth" : name);
}

class GoldenVideo : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenVideo, BlocksFeaturesAndLogitsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(checkpoint(GetParam()));
  const auto expected = io::Weights::open(golden(GetParam()) / "expected.safetensors");
  const auto model = load_model(folder, {});
  EXPECT_EQ(model->info().family, "resnet3d");
  auto& tower = model->reader();
  const nn::Value clips{to_float(expected.at("images")), {.segments = {}, .frames = kFrames}};
  for (nn::Place place = 2; place < tower.pooled(); ++place) {
    const auto maps = tower.run(clips, 0, place, {}).x;
    EXPECT_LT(relative_error(maps, to_float(expected.at(tower.name_of(place)))), 1e-5) << tower.name_of(place);
  }
  const auto features = tower.encode(clips, {});
  EXPECT_LT(relative_error(features, to_float(expected.at("features"))), 1e-5);
  const auto weights = folder.open();
  const auto logits = at::linear(features, to_float(weights.at("fc.weight")), to_float(weights.at("fc.bias")));
  EXPECT_LT(relative_error(logits, to_float(expected.at("logits"))), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenVideo, ::testing::Values("r3d", "mc3", "r2plus1d"),
                         [](const auto& info) { return std::string(info.param); });

TEST(S3d, BlocksFeaturesAndLogitsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(checkpoint("s3d"));
  const auto expected = io::Weights::open(golden("s3d") / "expected.safetensors");
  const auto model = load_model(folder, {});
  auto& tower = model->reader();
  ASSERT_EQ(tower.blocks(), 9);
  const auto squares = to_float(expected.at("squares"));
  const nn::Value clip{squares.repeat_interleave(16, 2).repeat_interleave(16, 3),
                       {.segments = {}, .frames = squares.size(0)}};
  for (nn::Place place = 2; place < tower.pooled(); ++place) {
    const auto rows = tower.rows(tower.run(clip, 0, place, {}));
    EXPECT_LT(relative_error(rows, to_float(expected.at(tower.name_of(place)))), 1e-5) << tower.name_of(place);
  }
  const auto features = tower.encode(clip, {});
  EXPECT_LT(relative_error(features, to_float(expected.at("features"))), 1e-5);
  const auto weights = folder.open();
  const auto logits = at::linear(features, to_float(weights.at("classifier.1.weight")).flatten(1),
                                 to_float(weights.at("classifier.1.bias")));
  EXPECT_LT(relative_error(logits, to_float(expected.at("logits"))), 1e-5);
}

TEST(S3d, RefusesClipsAndPhotosThatItsStridesLeaveNothingOf) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(checkpoint("s3d"));
  const nn::Value clip{at::zeros({8, 3, 224, 224}), {.segments = {}, .frames = 8}};
  try {
    load_model(folder, {})->reader().encode(clip, {});
    FAIL() << "8 frames were taken";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a clip of 8 frames: expected 14 or more"));
  }
  EXPECT_THROW(load_model(folder, {.image_size = 112}), ConfigError);
  EXPECT_EQ(load_model(folder, {.image_size = 256})->info().preprocessing.output(), (data::Size{256, 256}));
}

TEST(Video, IsPreparedAsTorchvisionDoes) {
  const auto info = load_model(io::ModelFolder::at(checkpoint("r3d")), {})->info();
  EXPECT_EQ(info.description, "R3D-12 112x12");
  EXPECT_EQ(info.preprocessing.resize, (data::Size{128, 171}));
  EXPECT_EQ(info.preprocessing.output(), (data::Size{112, 112}));
  EXPECT_EQ(info.preprocessing.resize_mode, data::ResizeMode::squash);
  EXPECT_EQ(info.preprocessing.interpolation, data::Filter::sampled_bilinear);
  EXPECT_FLOAT_EQ(info.preprocessing.mean[2], 0.37645f);
  EXPECT_EQ(load_model(io::ModelFolder::at(checkpoint("mc3")), {})->info().description, "MC3-12 112x12");
  EXPECT_EQ(load_model(io::ModelFolder::at(checkpoint("r2plus1d")), {})->info().description, "R(2+1)D-12 112x12");
  const auto s3d = load_model(io::ModelFolder::at(checkpoint("s3d")), {})->info();
  EXPECT_EQ(s3d.preprocessing.resize, (data::Size{256, 256}));
  EXPECT_EQ(s3d.preprocessing.output(), (data::Size{224, 224}));
}

TEST(Video, EveryTensorIsWrittenBackUnderItsName) {
  for (const auto* name : {"r3d", "mc3", "r2plus1d", "s3d"}) {
    const auto folder = io::ModelFolder::at(checkpoint(name));
    const auto weights = folder.open();
    const auto written = load_model(folder, {})->to_checkpoint();
    int64_t others = 0;  // the classifier's two, and what the norms counted
    for (const auto& [theirs, view] : weights.tensors()) {
      if (!written.contains(theirs)) {
        ++others;
        EXPECT_TRUE(theirs.ends_with("num_batches_tracked") || theirs.starts_with("fc.") ||
                    theirs.starts_with("classifier."))
            << theirs;
      } else {
        EXPECT_TRUE(at::equal(written.at(theirs), to_float(view))) << theirs;
      }
    }
    EXPECT_EQ(written.size() + others, weights.tensors().size()) << name;
  }
}

TEST(Video, IsFoundBelowWhateverStandsBeforeItsNames) {
  const auto own = tiny_resnet3d_checkpoint();
  auto wrapped = own;
  wrapped.tensors.clear();
  for (const auto& [name, tensor] : own.tensors)
    wrapped.tensors["module.backbone." + name] = tensor;
  wrapped.tensors["module.projection.weight"] = at::zeros({3, 3});
  const auto model = wrapped.load();
  EXPECT_EQ(model->info().fingerprint, own.load()->info().fingerprint);
  EXPECT_THAT(model->info().notes.back().text, HasSubstr("'backbone'"));
}

TEST(Video, RefusesKernelsThatTorchvisionHasNot) {
  auto tiny = tiny_resnet3d_checkpoint();
  tiny.tensors["layer1.1.conv1.0.weight"] = testing::random_tensor({5, 5, 5, 3, 3}, 1);
  try {
    tiny.load();
    FAIL() << "five frames were taken";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("layer1.1.conv1.0: 5 frames"));
  }
}

}  // namespace
}  // namespace graft::models
