#include "graft/methods/heads.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/models/clip/class_prompts.h"
#include "tests/methods/small_models.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

// "clip" reads class names; "timm" is an image model alone.
Setting setting_on(const std::string& model) {
  return {.model = model == "clip" ? testing::tiny_clip() : small_model(model),
          .classes = {"cat", "ice_cream"},
          .templates = {"a photo of a {}."}};
}

std::shared_ptr<models::Head> head_for(const Setting& setting, const HeadWish& wish) {
  Random random(1);
  return head_of_examples(setting, wish, random);
}

TEST(HeadOfExamples, IsOfPromptsWhereTheModelHasThemAndClassesAreTold) {
  EXPECT_EQ(head_for(setting_on("clip"), {})->kind(), models::HeadKind::prompts);
  EXPECT_EQ(head_for(setting_on("clip"), {.kind = models::HeadKind::linear})->kind(), models::HeadKind::linear);
  EXPECT_EQ(head_for(setting_on("timm"), {})->kind(), models::HeadKind::linear);
}

TEST(HeadOfExamples, OfNumbersIsLinearWithAnOutputForEach) {
  auto setting = setting_on("clip");
  setting.classes.clear();
  setting.outputs = 2;
  const auto head = head_for(setting, {});
  EXPECT_EQ(head->kind(), models::HeadKind::linear);
  EXPECT_EQ(head->outputs(), 2);
  try {
    head_for(setting, {.kind = models::HeadKind::prompts});
    FAIL() << "prompts were made of no class";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a number is told of each example. Say --classifier linear."));
  }
}

TEST(HeadOfExamples, IsAsWideAsThePlaceThatItReads) {
  const auto setting = setting_on("clip");
  const auto& tower = setting.model->reader();
  const HeadWish last{.kind = models::HeadKind::linear}, pooled{.kind = models::HeadKind::linear, .at = tower.pooled()};
  ASSERT_NE(tower.width(tower.pooled()), tower.width(tower.last()));
  EXPECT_EQ(place_of(last, *setting.model), tower.last());
  EXPECT_EQ(head_for(setting, last)->joint().site().in, tower.width(tower.last()));
  EXPECT_EQ(head_for(setting, pooled)->joint().site().in, tower.width(tower.pooled()));
}

TEST(HeadOfExamples, ThatStartsAsTheClassPromptsAnswersAsTheyDo) {
  const torch::NoGradGuard no_grad;
  const auto setting = setting_on("clip");
  const auto linear = head_for(setting, {.kind = models::HeadKind::linear, .init = models::HeadInit::class_text});
  const auto prompts = head_for(setting, {.kind = models::HeadKind::prompts});
  const auto features = torch::linspace(-1, 1, 3 * linear->joint().site().in).view({3, -1});
  nn::Context context;
  EXPECT_TRUE(torch::allclose(linear->forward(features, context), prompts->forward(features, context), 1e-4, 1e-4));
}

TEST(Adapted, StartsWithTheSameBitsForTheSameSeedAndOthersForAnother) {
  const auto start = [](uint64_t seed) {
    auto adapted = build_adapted(setting_on("timm"), make_method("vpt", {}), {.seed = seed});
    std::vector<at::Tensor> all;
    for (const auto& [name, parameter] : adapted.parameters)
      all.push_back(parameter.detach().flatten());
    return at::cat(all);
  };
  EXPECT_TRUE(torch::equal(start(3), start(3)));
  EXPECT_FALSE(torch::equal(start(3), start(4)));
}

TEST(Adapted, TellsWhatWillTrainBeforeTheModelIsTouched) {
  const auto setting = setting_on("timm");
  int told = 0;
  const auto adapted = build_adapted(setting, make_method("norm", {}), {.attached = [&](const Adaptation& adaptation) {
                                       told += !adaptation.trained.empty();
                                       for (const auto& parameter : setting.model->parameters())
                                         EXPECT_FALSE(parameter.requires_grad());
                                     }});
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(setting.model->named_parameters()[adapted.adaptation.trained.front()].requires_grad());
}

TEST(Adapted, ServesOtherClassesAroundWhatWasLearned) {
  const torch::NoGradGuard no_grad;
  auto adapted = build_adapted(setting_on("clip"), make_method("clip-adapter", {}));
  const auto insert = adapted.adaptation.bindings.front().insert;
  serve_classes(adapted, {"a", "b", "c"}, head_of_examples);
  EXPECT_EQ(adapted.head->outputs(), 3);
  ASSERT_EQ(adapted.head->joint().occupants().size(), 1u);
  EXPECT_EQ(adapted.head->joint().occupants().front().insert, insert);
}

}  // namespace
}  // namespace graft::methods
