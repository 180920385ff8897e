#include "graft/models/pair_head.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

const at::Tensor kIds = torch::tensor(
    {{49406L, 2368L, 49407L, -1L, -1L}, {49406L, 1929L, 320L, 1746L, 49407L}, {49406L, 2368L, 49407L, -1L, -1L}});

TEST(PairHead, AnswerTimesTruthIsTheScaledCosineOfTheTowersFeatures) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  const torch::NoGradGuard no_grad;
  const auto images = model->reader().encode({testing::tiny_images(3)}, {});
  Random random(1);
  const auto head = std::make_shared<PairHead>(model, PairScale{}, std::nullopt, random);
  nn::Context context;
  const auto logits = head->forward(images, context).matmul(head->truth(kIds, context).t());
  auto& tower = model->need(nn::Tower::text);
  const auto one = tower.encode({kIds.narrow(0, 0, 1).narrow(1, 0, 3)}, {});
  const auto other = tower.encode({kIds.narrow(0, 1, 1)}, {});
  const auto expected = 20 * unit(images).matmul(unit(at::cat({one, other, one})).t());
  EXPECT_TRUE(torch::allclose(logits, expected, 1e-4, 1e-4)) << logits << expected;
  EXPECT_NEAR(head->scale(), 20, 1e-4);
  EXPECT_EQ(head->kind(), HeadKind::own);
}

TEST(PairHead, ACaptionsRowIsTheSameBitsInAnyCompany) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  nn::Context context;
  const torch::NoGradGuard no_grad;
  Random random(1);
  const auto all = PairHead(model, {}, {}, random).truth(kIds, context);
  EXPECT_TRUE(torch::equal(all[0], all[2]));
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(torch::equal(PairHead(model, {}, {}, random).truth(kIds.narrow(0, i, 1), context)[0], all[i])) << i;
}

TEST(PairHead, KeepsNoRowOfATextTowerThatHasChanged) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  Random random(1);
  const PairHead head(model, {}, {}, random);
  nn::Context context;
  const torch::NoGradGuard no_grad;
  const auto before = head.truth(kIds, context);
  EXPECT_TRUE(torch::equal(head.truth(kIds, context), before));
  for (auto& parameter : model->named_parameters())
    if (parameter.key() == "text.positions") parameter.value().add_(0.5);
  EXPECT_FALSE(torch::equal(head.truth(kIds, context), before));
}

TEST(PairHead, ATextTowerThatTrainsGetsGradients) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  model->freeze_all_but({"text.positions"});
  Random random(1);
  const PairHead head(model, {}, {}, random);
  EXPECT_TRUE(head.text_trains());
  nn::Context context;
  head.truth(kIds, context).square().narrow(1, 0, 3).sum().backward();
  const auto parameters = model->named_parameters();
  EXPECT_GT(parameters["text.positions"].grad().abs().sum().item<double>(), 0);
  model->freeze_all_but({});
  EXPECT_FALSE(head.text_trains());
  EXPECT_FALSE(head.truth(kIds, context).requires_grad());
}

TEST(PairHead, ABiasStandsInAColumnOfItsOwn) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  Random random(1);
  PairHead head(model, {.scale = 10, .bias = -4}, {}, random);
  EXPECT_EQ(head.outputs(), 13);
  nn::Context context;
  const torch::NoGradGuard no_grad;
  const auto images = model->reader().encode({testing::tiny_images(2)}, {});
  const PairHead plain(model, {.scale = 10}, {}, random);
  const auto with = head.forward(images, context).matmul(head.truth(kIds, context).t());
  const auto without = plain.forward(images, context).matmul(plain.truth(kIds, context).t());
  EXPECT_TRUE(torch::allclose(with, without - 4, 1e-5, 1e-5));
  EXPECT_EQ(head.parameters().size(), 2u);
  EXPECT_EQ(PairHead(model, {.learns = false, .scale = 10, .bias = -4}, {}, random).parameters().size(), 0u);
}

TEST(PairHead, TheScaleStopsAtCLIPsMostAndCanComeBack) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  Random random(1);
  PairHead head(model, {.scale = 99}, {}, random);
  auto parameter = head.named_parameters()["log_scale"];
  {
    const torch::NoGradGuard no_grad;
    parameter.fill_(std::log(150.0));
  }
  EXPECT_NEAR(head.scale(), 100, 1e-3);
  nn::Context context;
  head.forward(torch::ones({1, 12}), context).sum().backward();
  EXPECT_NE(parameter.grad().item<double>(), 0);
}

TEST(PairHead, MapsStartAsTheIdentityWhereTheyLeaveTheWidthAsItIs) {
  const std::shared_ptr<Model> model = testing::tiny_clip();
  Random random(1);
  const PairHead same(model, {}, 12, random), other(model, {}, 5, random), plain(model, {}, {}, random);
  nn::Context context;
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose(same.truth(kIds, context), plain.truth(kIds, context), 1e-5, 1e-6));
  EXPECT_EQ(other.truth(kIds, context).size(1), 5);
  EXPECT_EQ(other.parameters().size(), 3u);
}

TEST(PairHead, NeedsATextTower) {
  const std::shared_ptr<Model> model = testing::tiny_vit();
  Random random(1);
  EXPECT_THROW(PairHead(model, {}, {}, random), ModelError);
}

}  // namespace
}  // namespace graft::models
