#include "graft/methods/aim/aim.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/methods/drop_path.h"
#include "tests/methods/sites_only.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kFrames = 4;

Setting clips(std::shared_ptr<models::Model> model, int64_t frames = kFrames) {
  return {.model = std::move(model), .classes = {"a", "b", "c"}, .frames = frames, .templates = {"{}"}};
}

nn::Value two_clips() {
  nn::Value read{testing::tiny_images(2 * kFrames, 5)};
  read.layout.frames = kFrames;
  return read;
}

nn::Value reversed(nn::Value read) {
  read.x = read.x.unflatten(0, {-1, kFrames}).flip(1).flatten(0, 1);
  return read;
}

// Adapters that do something, as training makes them.
Adapted lively(const OptionValues& options) {
  auto adapted = build_adapted(clips(testing::tiny_vit()), make_method("aim", options));
  const torch::NoGradGuard no_grad;
  uint64_t seed = 1;
  for (auto& [name, parameter] : adapted.parameters)
    parameter.copy_(testing::random_tensor(parameter.sizes().vec(), seed++, 0.2));
  return adapted;
}

at::Tensor answer(const Adapted& adapted, const nn::Value& read) {
  const torch::NoGradGuard no_grad;
  nn::Context context;
  return adapted.answer(read, context);
}

// Yang et al. 2023, table 1 of the authors' code: 12 x 3 adapters of 295,872 numbers, and 32 x 768 positions.
TEST(Aim, AddsToAViTBWhatThePaperAdds) {
  const auto kinetics = on_sites("aim", {}, sites_only(), 32);
  EXPECT_EQ(kinetics.inserted(), 12 * 3 * 295'872 + 32 * 768);
  const auto something = on_sites("aim", {{"temporal-adapters", "2"}}, sites_only(), 8);
  EXPECT_EQ(something.inserted(), 12 * 4 * 295'872 + 8 * 768);
}

TEST(Aim, TrainsTheLastNormAndNoOther) {
  const auto adapted = build_adapted(clips(testing::tiny_vit()), make_method("aim", {}));
  EXPECT_THAT(adapted.adaptation.trained, ::testing::UnorderedElementsAre("vision.norm.weight", "vision.norm.bias"));
}

TEST(Aim, WithoutItsTemporalPartTheOrderOfFramesIsNothing) {
  const auto adapted = lively({{"temporal", "false"}});
  EXPECT_LT((answer(adapted, two_clips()) - answer(adapted, reversed(two_clips()))).abs().max().item<double>(), 1e-5);
}

TEST(Aim, WithItTheOrderOfFramesCounts) {
  const auto adapted = lively({});
  EXPECT_GT((answer(adapted, two_clips()) - answer(adapted, reversed(two_clips()))).abs().max().item<double>(), 1e-2);
}

// Averaging frames cannot tell a clip from the same clip backwards, whatever is trained on it.
TEST(FramesAveraged, AreTheSameBackwards) {
  const auto model = testing::tiny_vit();
  const torch::NoGradGuard no_grad;
  const auto features = model->reader().encode(two_clips(), {});
  EXPECT_EQ(features.size(0), 2);
  EXPECT_LT((features - model->reader().encode(reversed(two_clips()), {})).abs().max().item<double>(), 1e-6);
}

TEST(Aim, AtTheStartAClipIsTheMeanOfItsFrames) {
  auto adapted = build_adapted(clips(testing::tiny_vit()), make_method("aim", {}));
  const torch::NoGradGuard no_grad;
  auto& tower = adapted.model->reader();
  const auto clip = tower.encode(two_clips(), {});
  adapted.model->clear_inserts();
  const auto frames = tower.encode({two_clips().x}, {});
  EXPECT_LT((clip - frames.view({2, kFrames, -1}).mean(1)).abs().max().item<double>(), 1e-5);
}

TEST(Aim, RefusesPhotosByName) {
  try {
    build_adapted(clips(testing::tiny_vit(), 1), make_method("aim", {}));
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--frames 2 or more"));
  }
}

TEST(Aim, RefusesABaseThatWasNeverTrained) {
  const auto fresh = [] {
    auto checkpoint = testing::tiny_vit_checkpoint();
    for (auto& [name, tensor] : checkpoint.tensors) {
      if (name.find("norm") != std::string::npos)
        tensor = name.ends_with("weight") ? torch::ones_like(tensor) : torch::zeros_like(tensor);
    }
    return std::shared_ptr<models::Model>(checkpoint.load());
  };
  try {
    build_adapted(clips(fresh()), make_method("aim", {}));
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--random-base"));
  }
  EXPECT_NO_THROW(build_adapted(clips(fresh()), make_method("aim", {{"random-base", "true"}})));
}

TEST(Aim, RefusesClipsOfAnotherLength) {
  const auto adapted = build_adapted(clips(testing::tiny_vit()), make_method("aim", {}));
  auto read = two_clips();
  read.layout.frames = 2;
  EXPECT_THROW(answer(adapted, read), ShapeError);
}

TEST(DropPath, DropsAllFramesOfAClipOrOnePlaceOfAll) {
  nn::Context context;
  context.training = true;
  context.generator = at::make_generator<at::CPUGeneratorImpl>(3);
  context.layout.frames = 4;
  const auto ones = torch::ones({16 * 4, 9, 2});
  const auto clips = drop_path(ones, 0.5, false, context).view({16, -1});
  EXPECT_TRUE(torch::equal(clips.amax(1), clips.amin(1)));  // 0 or 2 throughout
  EXPECT_THAT(clips.sum().item<double>() / (16 * 4 * 9 * 2), ::testing::AllOf(::testing::Gt(0.2), ::testing::Lt(1.8)));
  const auto places = drop_path(ones, 0.5, true, context).transpose(0, 1).flatten(1);
  EXPECT_TRUE(torch::equal(places.amax(1), places.amin(1)));
  EXPECT_TRUE(torch::equal(drop_path(ones, 0, false, context), ones));
}

}  // namespace
}  // namespace graft::methods
