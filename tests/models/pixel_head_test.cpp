#include "graft/models/pixel_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <string>

#include "graft/core/error.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using testing::tiny_images;
using testing::tiny_vit;

// The patches of a ViT behind its last norm, in their rows and columns.
TEST(PixelHead, AnswersForEachPatchInItsGrid) {
  const torch::NoGradGuard no_grad;
  const auto model = tiny_vit();
  auto& tower = model->reader();
  const auto place = *tower.dense();
  EXPECT_EQ(place, 1 + tower.blocks());
  Random random(1);
  PixelHead head(place, tower.width(place), 3, HeadInit::normal, random);
  EXPECT_EQ(head.kind(), HeadKind::linear);
  EXPECT_EQ(head.map_at(), place);
  nn::Context context;
  const auto value = tower.run({tiny_images(2)}, 0, place, context);
  const auto answers = head.answer(tower, value, context);
  const auto patches = value.layout.count(nn::TokenKind::patch);
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  ASSERT_EQ(answers.sizes(), (at::IntArrayRef{2, 3, side, side}));
  // By one patch alone: the second row's first.
  const auto own = value.x.select(1, value.layout.begin(nn::TokenKind::patch) + side);
  const auto& parameters = model->named_parameters();
  const auto normed = at::layer_norm(own, {own.size(1)}, parameters["vision.norm.weight"],
                                     parameters["vision.norm.bias"], model->info().vision.eps);
  EXPECT_TRUE(
      torch::allclose(answers.select(2, 1).select(2, 0), at::linear(normed, head.weight, head.bias), 1e-4, 1e-5));
}

// At a block: as it leaves it.
TEST(PixelHead, ReadsAnyBlock) {
  const torch::NoGradGuard no_grad;
  const auto model = tiny_vit();
  auto& tower = model->reader();
  Random random(1);
  PixelHead head(2, tower.width(2), 3, HeadInit::normal, random);
  nn::Context context;
  const auto value = tower.run({tiny_images(1)}, 0, 2, context);
  const auto answers = head.answer(tower, value, context);
  const auto own = value.x.select(1, value.layout.begin(nn::TokenKind::patch));
  EXPECT_TRUE(torch::allclose(answers.select(2, 0).select(2, 0), at::linear(own, head.weight, head.bias), 1e-4, 1e-5));
}

TEST(PixelHead, ReadsTheMapsOfAResnet) {
  const torch::NoGradGuard no_grad;
  for (const auto& family : testing::tiny_families()) {
    if (std::string(family.name).find("resnet") != 0) continue;
    const auto model = family.checkpoint(1).load();
    auto& tower = model->reader();
    if (!tower.dense()) continue;
    Random random(1);
    PixelHead head(*tower.dense(), tower.width(*tower.dense()), 2, HeadInit::uniform, random);
    nn::Context context;
    const auto value = tower.run(family.checkpoint(1).examples(2, 1), 0, *tower.dense(), context);
    const auto answers = head.answer(tower, value, context);
    EXPECT_EQ(answers.size(0), 2) << family.name;
    EXPECT_EQ(answers.size(1), 2) << family.name;
    EXPECT_TRUE(torch::allclose(answers.select(2, 0).select(2, 0),
                                at::linear(value.x.select(1, 0).select(1, 0), head.weight, head.bias), 1e-4, 1e-5))
        << family.name;
  }
}

TEST(PixelHead, ATextTowerGivesNoMap) {
  for (const auto& family : testing::tiny_families()) {
    const auto model = family.checkpoint(1).load();
    if (model->reader().name() != nn::Tower::text) continue;
    EXPECT_FALSE(model->reader().dense()) << family.name;
    EXPECT_THROW(model->reader().map({}, 1), InternalError) << family.name;
  }
}

}  // namespace
}  // namespace graft::models
