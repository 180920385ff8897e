#include "graft/methods/projection/projection.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/methods/adapted.h"
#include "graft/models/pair_head.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

// Heads of pairs, as the task makes them.
std::shared_ptr<models::Head> of_pairs(const Setting& setting, const HeadWish& wish, Random& random) {
  return std::make_shared<models::PairHead>(setting.model, models::PairScale{}, wish.projected, random);
}

Adapted built(const std::shared_ptr<models::Model>& model, const std::string& method,
              const OptionValues& options = {}) {
  return build_adapted({.model = model, .train_size = 8, .target = data::Target::caption}, make_method(method, options),
                       {.make_head = of_pairs});
}

std::shared_ptr<models::Model> vit_and_bert() {
  auto checkpoint = testing::tiny_bert_checkpoint();
  return testing::tiny_vit()->joined_with(*checkpoint.load());
}

TEST(Projection, JoinsTwoTowersThatShareNoSpace) {
  const auto model = vit_and_bert();
  EXPECT_FALSE(model->has_prompts());
  const auto adapted = built(model, "projection");
  EXPECT_EQ(adapted.head->outputs(), 24);  // the text encoder's, the narrower
  EXPECT_EQ(adapted.parameters.size(), 3u);
  EXPECT_EQ(adapted.trained_parameters(), 24 * 32 + 24 * 24 + 1);
  EXPECT_EQ(earliest_change(adapted.whole(), *model), model->reader().last());
  EXPECT_EQ(built(model, "projection", {{"width", "7"}}).head->outputs(), 7);
  EXPECT_EQ(built(vit_and_bert(), "lora+projection", {{"projection.width", "7"}}).head->outputs(), 7);
  nn::Context context;
  const auto ids = torch::tensor({{2L, 7L, 3L, -1L}, {2L, 9L, 8L, 3L}});
  EXPECT_EQ(adapted.head->truth(ids, context).sizes(), (std::vector<int64_t>{2, 24}));
}

TEST(Projection, WithoutItSuchAModelIsRefused) {
  try {
    built(vit_and_bert(), "lora");
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--method projection"));
  }
}

TEST(Projection, StartsAsACLIPIsWhereTheWidthStays) {
  const std::shared_ptr<models::Model> model = testing::tiny_clip();
  const torch::NoGradGuard no_grad;
  const auto images = model->reader().encode({testing::tiny_images(3)}, {});
  nn::Context context;
  const auto with = built(model, "projection"), without = built(model, "norm");
  EXPECT_TRUE(torch::allclose(with.head->forward(images, context), without.head->forward(images, context), 1e-5, 1e-5));
}

TEST(Projection, RefusesOtherTasksAndModels) {
  EXPECT_THROW(make_method("projection", {{"width", "0"}}), ConfigError);
  EXPECT_THROW(build_adapted({.model = testing::tiny_clip(), .classes = {"a", "b"}, .templates = {"{}"}},
                             make_method("projection", {})),
               ConfigError);
  EXPECT_THROW(built(testing::tiny_vit(), "projection"), ModelError);
  EXPECT_THROW(testing::tiny_vit()->joined_with(*testing::tiny_vit()), ModelError);
  EXPECT_THROW(testing::tiny_bert_checkpoint().load()->joined_with(*testing::tiny_vit()), ModelError);
}

}  // namespace
}  // namespace graft::methods
