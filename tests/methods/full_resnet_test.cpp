// Full fine-tuning of ResNets: batch norms that go by the batch, against torchvision
// (tests/golden/make/methods_full.py).
#include <gmock/gmock.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "graft/core/error.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "tests/methods/small_models.h"
#include "tests/support/gradient_check.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

Adapted on_tiny_resnet(const OptionValues& options) {
  return under_linear_head(graft::testing::tiny_resnet_checkpoint().load(), "full", options);
}

nn::Value photos(int64_t count) {
  return graft::testing::tiny_resnet_checkpoint().examples(count, 3);
}

at::Tensor loss_of(const Adapted& adapted, const nn::Value& read, const at::Tensor& labels, nn::Context context) {
  context.training = true;
  return at::cross_entropy_loss(adapted.answer(read, context), labels);
}

std::map<std::string, at::Tensor> copies(const nn::Parameters& tensors) {
  std::map<std::string, at::Tensor> all;
  for (const auto& [name, tensor] : tensors)
    all[name] = tensor.detach().clone();
  return all;
}

TEST(FullResnet, AStepHasTorchvisionsLossGradientsAndStatistics) {
  const std::filesystem::path folder = golden_path("full_resnet");
  const auto expected = io::Weights::open(folder / "expected.safetensors");
  const auto weights = io::Weights::open(folder / "model.safetensors");
  const auto value = [](const io::Weights& of, const std::string& name) { return models::to_float(of.at(name)); };
  const std::shared_ptr<models::Model> model =
      models::load_model(io::ModelFolder::at(folder / "model.safetensors"), {});
  auto adapted = build_adapted({.model = model, .classes = {"a", "b", "c", "d", "e"}, .train_size = 12},
                               make_method("full", {{"batch-statistics", "yes"}}));
  auto& head = dynamic_cast<models::LinearHead&>(*adapted.head);
  {
    const torch::NoGradGuard no_grad;
    head.weight.copy_(value(weights, "fc.weight"));
    head.bias.copy_(value(weights, "fc.bias"));
  }
  const auto labels = value(expected, "labels").to(at::kLong);
  const auto loss = loss_of(adapted, {value(expected, "images")}, labels, {.gathers = true});
  EXPECT_NEAR(loss.item<double>(), value(expected, "loss").item<double>(), 1e-5);
  loss.backward();
  const torch::NoGradGuard no_grad;
  EXPECT_LT(graft::testing::relative_error(head.weight.grad(), value(expected, "gradient.fc.weight")), 1e-4);
  for (const auto& [name, parameter] : adapted.parameters)
    parameter.detach().copy_(parameter.grad());
  int64_t compared = 0;
  for (const auto& [name, tensor] : model->to_checkpoint()) {  // gradients, and statistics as they are now
    const bool gathered = name.find(".running_") != std::string::npos;
    const auto theirs = value(expected, (gathered ? "statistics." : "gradient.") + name);
    EXPECT_LT(graft::testing::relative_error(tensor, theirs), gathered ? 1e-5 : 1e-4) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 20 * 5);  // a convolution and the four tensors of its norm
}

TEST(FullResnet, StatisticsStayUnlessAskedFor) {
  const auto frozen = on_tiny_resnet({});
  EXPECT_TRUE(frozen.statistics.empty());
  EXPECT_EQ(on_tiny_resnet({{"from-scratch", "yes"}}).statistics.size(), 2u * 8);
  const auto by_batch = on_tiny_resnet({{"batch-statistics", "yes"}});
  EXPECT_EQ(by_batch.statistics.size(), 2u * 8);  // of the stem's norm, six of blocks and a shortcut's
  std::set<std::string> names;
  for (const auto& [name, value] : by_batch.statistics)
    names.insert(name);
  EXPECT_TRUE(names.contains("vision.blocks.2.shortcut_norm.running_var"));
  EXPECT_EQ(by_batch.trained_parameters(), frozen.trained_parameters());
}

TEST(FullResnet, WhereBlocksRunAgainTheBitsAreTheSameAndNothingIsGatheredTwice) {
  const auto labels = torch::arange(6) % 3;
  const auto step = [&](bool recompute) {
    auto adapted = on_tiny_resnet({{"batch-statistics", "yes"}});
    loss_of(adapted, photos(6), labels, {.recompute = recompute, .gathers = true}).backward();
    auto found = copies(adapted.statistics);
    for (const auto& [name, parameter] : adapted.parameters)
      found[name] = parameter.grad();
    return found;
  };
  const auto kept = step(false), again = step(true);
  for (const auto& [name, value] : kept)
    EXPECT_TRUE(at::equal(value, again.at(name))) << name;
  const auto before = copies(on_tiny_resnet({{"batch-statistics", "yes"}}).statistics);
  for (const auto& [name, value] : before)
    EXPECT_FALSE(at::equal(value, kept.at(name))) << name;
}

TEST(FullResnet, AStepThatIsOnlyFollowedGathersNothing) {
  auto adapted = on_tiny_resnet({{"batch-statistics", "yes"}});
  const auto before = copies(adapted.statistics);
  loss_of(adapted, photos(6), torch::arange(6) % 3, {}).backward();
  nn::Context asked;
  adapted.answer(photos(2), asked);
  for (const auto& [name, value] : adapted.statistics)
    EXPECT_TRUE(at::equal(value, before.at(name))) << name;
}

TEST(FullResnet, WhatWasGatheredIsSavedAndLoaded) {
  auto trained = on_tiny_resnet({{"batch-statistics", "yes"}});
  loss_of(trained, photos(6), torch::arange(6) % 3, {.gathers = true}).backward();
  const auto tensors = trained.method->to_disk(*trained.model, trained.adaptation);
  EXPECT_TRUE(tensors.contains("base_model.model.vision.stem.norm1.running_mean"));
  auto loaded = on_tiny_resnet({{"batch-statistics", "yes"}});
  {
    const torch::NoGradGuard no_grad;
    loaded.method->from_disk(*loaded.model, tensors, loaded.adaptation);
  }
  nn::Context context;
  const auto features = [&](const Adapted& of) { return of.model->reader().encode(photos(4), context); };
  EXPECT_TRUE(at::equal(features(trained), features(loaded)));
  EXPECT_FALSE(at::equal(features(trained), features(on_tiny_resnet({}))));
}

// torchvision's: normal by fan-out for convolutions, ones and zeros for norms, 0 and 1 for their statistics, and for
// the classifier the default of its library.
TEST(FullResnet, FromScratchIsDrawnAsTorchvisionDraws) {
  const auto built = build_adapted(
      {.model = graft::testing::tiny_resnet_checkpoint().load(), .classes = {"a", "b", "c"}, .train_size = 12},
      make_method("full", {{"from-scratch", "yes"}}));
  Silent silent;
  Stage stage{built.model, *built.head, built.adaptation, {}, Random(1), silent};
  built.method->before_training(stage);
  for (const auto& [name, parameter] : built.parameters) {
    if (name.starts_with("head.")) {
      EXPECT_LE(parameter.abs().max().item<double>(), 1 / std::sqrt(12.0)) << name;
      EXPECT_GT(parameter.abs().max().item<double>(), 0.2 / std::sqrt(12.0)) << name;
    } else if (parameter.dim() == 4) {
      const auto fan_out = parameter.size(0) * parameter.size(2) * parameter.size(3);
      const double std = std::sqrt(2.0 / static_cast<double>(fan_out));
      const double tolerance = 4 / std::sqrt(2.0 * static_cast<double>(parameter.numel()));  // 4 deviations of a std
      EXPECT_NEAR(parameter.std().item<double>() / std, 1, tolerance) << name;
    } else {
      EXPECT_TRUE((parameter == (name.ends_with("weight") ? 1 : 0)).all().item<bool>()) << name;
    }
  }
  for (const auto& [name, value] : built.statistics)
    EXPECT_TRUE((value == (name.ends_with("var") ? 1 : 0)).all().item<bool>()) << name;
}

TEST(FullResnet, WhatCannotBeIsRefusedByName) {
  const auto refusal = [](std::shared_ptr<models::Model> model, const OptionValues& options) {
    try {
      under_linear_head(std::move(model), "full", options);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("nothing was refused");
  };
  const OptionValues by_batch = {{"batch-statistics", "yes"}};
  EXPECT_THAT(refusal(small_model("timm"), by_batch), HasSubstr("has no batch norms"));
  EXPECT_THAT(refusal(graft::testing::tiny_resnet3d_checkpoint().load(), by_batch), HasSubstr("convolves over time"));
  EXPECT_THAT(refusal(graft::testing::tiny_resnet3d_checkpoint().load(), {{"from-scratch", "yes"}}),
              HasSubstr("--from-scratch: tiny-resnet3d convolves over time"));
  EXPECT_THAT(
      refusal(graft::testing::tiny_resnet_checkpoint().load(), {{"from-scratch", "yes"}, {"batch-statistics", "no"}}),
      HasSubstr("neither the weights nor the statistics"));
}

}  // namespace
}  // namespace graft::methods
