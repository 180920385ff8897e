// MaskCLIP's patch features against tests/golden/make/dense_words.py, and what is refused.
#include "graft/models/clip/dense_words.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;

TEST(DenseWords, PatchFeaturesAreThePapers) {
  const torch::NoGradGuard no_grad;
  const auto folder = source_dir() / "tests/golden/models";
  const auto expected = io::Weights::open(folder / "dense_words.safetensors");
  const auto model = load_model(io::ModelFolder::at(folder / "clip_open_clip"), {});
  const auto& tower = dynamic_cast<const VisionTower&>(model->reader());
  nn::Context context;
  const auto before = tower.run({to_float(expected.at("images"))}, 0, tower.blocks(), context);
  context.alone = true;
  const auto tokens = tower.run(before, tower.blocks(), tower.blocks() + 1, context);
  EXPECT_LT(relative_error(tower.patch_features(tokens, context), to_float(expected.at("features"))), 1e-5);
}

TEST(DenseWords, ComparesEachPatchWithEachClass) {
  const torch::NoGradGuard no_grad;
  const std::shared_ptr<Model> model = testing::tiny_clip();
  const DenseWords words(model, {"dog", "cat"}, {"a photo of a {}."});
  const auto pixels = testing::tiny_images(1);
  const auto logits = words.logits(pixels);
  ASSERT_EQ(logits.sizes(), (at::IntArrayRef{2, 3, 3}));
  const auto& tower = dynamic_cast<const VisionTower&>(model->reader());
  nn::Context context, alone;
  alone.alone = true;
  const auto before = tower.run({pixels}, 0, tower.blocks(), context);
  const auto features =
      unit(tower.patch_features(tower.run(before, tower.blocks(), tower.blocks() + 1, alone), alone).squeeze(0));
  const ClassPrompts prompts(model, {"dog", "cat"}, {"a photo of a {}."});
  const auto expected = prompts.forward(features, context);  // [9, 2]
  EXPECT_LT(relative_error(logits.flatten(1).t(), expected), 1e-5);
}

TEST(DenseWords, AModelWithoutWordsIsRefused) {
  try {
    DenseWords(testing::tiny_vit(), {"dog", "cat"}, {"{}"});
    FAIL() << "a ViT alone was taken";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("segmentation by words needs a model that reads text"));
  }
}

}  // namespace
}  // namespace graft::models
