#include "graft/models/clip/pixel_prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/models/clip/class_prompts.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using testing::tiny_clip;
using testing::tiny_images;

struct OnTinyClip {
  explicit OnTinyClip(std::vector<std::string> names) {
    const auto& tower = model->reader();
    prompts = std::make_shared<ClassPrompts>(model, std::move(names), std::vector<std::string>{"a photo of a {}."});
    Random random(3);
    head = std::make_shared<PixelPrompts>(*tower.dense(), tower.width(*tower.dense()), prompts,
                                          tower.width(tower.last()), random);
  }
  std::shared_ptr<Model> model = tiny_clip();
  std::shared_ptr<ClassPrompts> prompts;
  std::shared_ptr<PixelPrompts> head;
};

TEST(PixelPrompts, AreScaledCosinesOfMappedPatchesWithTheClassesNames) {
  const torch::NoGradGuard no_grad;
  OnTinyClip own({"cat", "dog", "ice cream"});
  EXPECT_EQ(own.head->kind(), HeadKind::prompts);
  EXPECT_FALSE(own.head->reads_rows());
  auto& tower = own.model->reader();
  nn::Context context;
  const auto value = tower.run({tiny_images(2)}, 0, *tower.dense(), context);
  const auto answers = own.head->answer(tower, value, context);
  ASSERT_EQ(answers.size(1), 3);
  const auto map = tower.map(value, *own.head->map_at());  // [B, E, h, w]
  const auto patch = at::mv(own.head->projection, map[1].select(1, 0).select(1, 1));
  const auto cosines = at::mv(own.prompts->class_weights(context), patch / patch.norm());
  EXPECT_TRUE(torch::allclose(answers[1].select(1, 0).select(1, 1), cosines * own.prompts->scale(), 1e-4, 1e-4));
}

TEST(PixelPrompts, TrainTheirMapAlone) {
  OnTinyClip own({"cat", "dog"});
  auto& tower = own.model->reader();
  nn::Context context{.training = true};
  const auto value = tower.run({tiny_images(1)}, 0, *tower.dense(), context);
  own.head->answer(tower, value, context).select(1, 0).sum().backward();
  EXPECT_GT(own.head->projection.grad().abs().sum().item<double>(), 0);
  EXPECT_EQ(own.head->parameters().size(), 1u);
}

}  // namespace
}  // namespace graft::models
