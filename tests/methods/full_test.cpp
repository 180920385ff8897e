#include "graft/methods/full/full.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/tensor/resting.h"
#include "tests/methods/small_models.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

TEST(Full, TrainsEveryParameterOfAModelWithOneTower) {
  const OnSmallModel built("timm", "full");
  EXPECT_EQ(built.trained(), built.model->info().parameters);
}

TEST(Full, TrainsTheImageTowerOfAClipAlone) {
  const OnSmallModel built("open_clip", "full");
  for (const auto& [name, parameter] : built.parameters) {
    EXPECT_TRUE(name.starts_with("vision.") || name.starts_with("head.")) << name;
  }
  EXPECT_EQ(earliest_change(built.adaptation, *built.model), 0);
  EXPECT_FALSE(text_changes(built.adaptation, *built.model));
}

// What starts blind to the order of frames has no gradient at all behind a head of zeros, where a batch holds clips and
// their reversals.
TEST(Full, BeginsTheHeadOfAModelOfClipsAtRandom) {
  const auto begins = [](const std::shared_ptr<models::Model>& model) {
    return make_method("full", {})->head({model}).init;
  };
  EXPECT_EQ(begins(graft::testing::tiny_timesformer_checkpoint().load()), models::HeadInit::normal);
  EXPECT_EQ(begins(small_model("timm")), models::HeadInit::zero);
}

// Two blocks of 16: the embeddings are layer 0, the blocks 1 and 2, the norm behind them 3.
TEST(Full, LayersLearnSlowerTheFurtherTheyAreFromTheHead) {
  const OnSmallModel built("timm", "full", {{"layer-decay", "0.5"}});
  const auto& rates = built.adaptation.rates;
  EXPECT_EQ(rates.at("vision.patch.weight"), 0.125);
  EXPECT_EQ(rates.at("vision.blocks.0.mlp.fc1.weight"), 0.25);
  EXPECT_EQ(rates.at("vision.blocks.1.norm1.bias"), 0.5);
  EXPECT_EQ(rates.at("vision.norm.weight"), 1);
  EXPECT_EQ(rates.size(), built.adaptation.trained.size());
  EXPECT_FALSE(rates.contains("head.weight"));  // at the whole rate
  EXPECT_TRUE(OnSmallModel("timm", "full").adaptation.rates.empty());
}

TEST(Full, TheLastBlocksAloneAndWhatIsBehindThem) {
  const OnSmallModel one("timm", "full", {{"last-blocks", "1"}});
  for (const auto& name : one.adaptation.trained)
    EXPECT_TRUE(name.starts_with("vision.blocks.1.") || name.starts_with("vision.norm.")) << name;
  EXPECT_EQ(one.trained(), (16 * 48 + 48) + (16 * 16 + 16) + (16 * 64 + 64) + (64 * 16 + 16) + 3 * 2 * 16);
  EXPECT_EQ(earliest_change(one.adaptation, *one.model), 2);  // below it features are kept
  EXPECT_EQ(OnSmallModel("timm", "full", {{"last-blocks", "0"}}).trained(), 2 * 16);
  EXPECT_THROW(OnSmallModel("timm", "full", {{"last-blocks", "3"}}), ConfigError);
  EXPECT_THROW(OnSmallModel("timm", "full", {{"layer-decay", "0"}}), ConfigError);
}

TEST(Full, FromScratchTakesTheShapeAlone) {
  const OnSmallModel built("timm", "full", {{"from-scratch", "yes"}});
  const auto scratch = [&](uint64_t seed) {
    Silent silent;
    Stage stage{built.model, *built.head, built.adaptation, {}, Random(seed), silent};
    built.method->before_training(stage);
    std::map<std::string, at::Tensor> values;
    for (const auto& [name, parameter] : built.parameters)
      values[name] = parameter.detach().clone();
    return values;
  };
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, parameter] : built.parameters)
    before[name] = parameter.detach().clone();
  const auto one = scratch(1), again = scratch(1), other = scratch(2);
  int64_t matrices = 0;
  for (const auto& [name, value] : one) {
    EXPECT_TRUE(value.equal(again.at(name))) << name;
    if (value.dim() < 2 || name.starts_with("head.")) continue;
    ++matrices;
    EXPECT_FALSE(value.equal(other.at(name))) << name;
    EXPECT_FALSE(value.equal(before.at(name))) << name;
    EXPECT_LE(value.abs().max().item<double>(), 0.04 + 1e-6) << name;
  }
  EXPECT_GT(matrices, 4);
  EXPECT_TRUE(one.at("vision.blocks.0.norm1.weight").equal(torch::ones_like(one.at("vision.blocks.0.norm1.weight"))));
  EXPECT_EQ(one.at("vision.blocks.0.norm1.bias").count_nonzero().item<int64_t>(), 0);
}

// Also from scratch: what is frozen is not drawn anew.
TEST(Full, LeavesFrozenWhatIsNamed) {
  const OnSmallModel built("timm", "full", {{"from-scratch", "yes"}, {"freeze", "attn.*,cls*"}});
  const auto is_named = [](const std::string& name) {
    return name.find(".attn.") != std::string::npos || name.starts_with("vision.cls");
  };
  std::map<std::string, at::Tensor> before;
  for (const auto& parameter : built.model->named_parameters())
    before[parameter.key()] = tensor::numbers_of(parameter.value()).detach().clone();
  int64_t trained = 0;
  for (const auto& [name, parameter] : built.parameters) {
    EXPECT_FALSE(is_named(name)) << name;
    trained += name.starts_with("vision.") ? parameter.numel() : 0;
  }
  EXPECT_LT(trained, built.model->info().parameters);
  Silent silent;
  Stage stage{built.model, *built.head, built.adaptation, {}, Random(1), silent};
  built.method->before_training(stage);
  for (const auto& parameter : built.model->named_parameters()) {
    if (!is_named(parameter.key())) continue;
    EXPECT_FALSE(parameter.value().requires_grad()) << parameter.key();
    EXPECT_TRUE(torch::equal(tensor::numbers_of(parameter.value()), before.at(parameter.key()))) << parameter.key();
  }
  EXPECT_THROW(OnSmallModel("timm", "full", {{"freeze", "atn.*"}}), ConfigError);
  EXPECT_THROW(OnSmallModel("timm", "full", {{"freeze", "*"}}), ConfigError);
}

TEST(Full, SaysThatALinearHeadReadsNoText) {
  try {
    OnSmallModel("open_clip", "full", {{"tower", "both"}});
    FAIL() << "a text tower that nothing reads was trained";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "[full] --tower both: with a linear head no text is read. Say --tower vision, or --classifier prompts.");
  }
}

}  // namespace
}  // namespace graft::methods
