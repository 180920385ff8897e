#include "graft/methods/combination.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& name, const OptionValues& options) {
  try {
    make_method(name, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Combination, PutsInWhatEachPutsIn) {
  const auto both = on_sites("lora+vpt", {{"lora.rank", "4"}, {"vpt.tokens", "50"}});
  EXPECT_EQ(both.inserted(), 294'912 / 2 + 460'800);
  EXPECT_EQ(both.method->config().at("lora.rank"), "4");
}

TEST(Combination, TrainsByTheRecipeOfTheFirst) {
  const auto one = on_sites("coop+lora", {}), other = on_sites("lora+coop", {});
  EXPECT_EQ(one.method->recipe(one.setting).optimizer, OptimizerKind::sgd);
  EXPECT_EQ(other.method->recipe(other.setting).optimizer, OptimizerKind::adamw);
  EXPECT_EQ(other.method->head(other.setting).learned_words, 16);
}

TEST(Combination, WishesForTheHeadThatAPartNeeds) {
  const auto probe = on_sites("lora+linear-probe", {{"linear-probe.at", "block.3"}});
  EXPECT_EQ(probe.head->kind(), models::HeadKind::linear);
  EXPECT_EQ(probe.head_at, 5);
  EXPECT_EQ(on_sites("lora+vpt", {}).head->kind(), models::HeadKind::prompts);
  const auto front = on_sites("lora+coop", {{"coop.position", "front"}});
  EXPECT_EQ(front.method->head(front.setting).word_position, models::WordPosition::front);
  const auto text_only = sites_only(/*text=*/false);
  EXPECT_EQ(make_method("vpt+lora", {})->head({text_only, {"a"}}).init, models::HeadInit::vpt);  // the first's
  EXPECT_EQ(make_method("lora+vpt", {})->head({text_only, {"a"}}).init, models::HeadInit::zero);
}

TEST(Combination, OneMethodsNumbersDoNotDependOnTheOthers) {
  const auto with_vpt = on_sites("lora+vpt", {}), with_coop = on_sites("lora+coop", {});
  EXPECT_TRUE(torch::equal(with_vpt.adaptation.bindings[0].insert->parameters().front(),
                           with_coop.adaptation.bindings[0].insert->parameters().front()));
}

TEST(Combination, WritesAndReadsEachPartsFile) {
  auto written = on_sites("lora+vpt+tip-adapter-f", {});
  const auto tensors = written.method->to_disk(*written.model, written.adaptation);
  EXPECT_EQ(tensors.size(), 12u * 2 + 12 + 4);
  EXPECT_TRUE(tensors.contains("base_model.model.blocks.0.attn.qkv.lora_A.weight"));
  EXPECT_TRUE(tensors.contains("base_model.model.vision.blocks.0.tokens.vpt.prompts"));
  auto changed = tensors;
  for (auto& [name, tensor] : changed) {
    if (name.ends_with("prompts")) tensor = tensor + 1;
  }
  auto read = on_sites("lora+vpt+tip-adapter-f", {});
  read.method->from_disk(*read.model, changed, read.adaptation);
  for (const auto& [name, tensor] : read.method->to_disk(*read.model, read.adaptation)) {
    EXPECT_TRUE(torch::equal(tensor, changed.at(name))) << name;
  }
  changed["stray"] = torch::zeros({1});
  EXPECT_THROW(read.method->from_disk(*read.model, changed, read.adaptation), ModelError);
}

TEST(Combination, AsksWhoseAnOptionIs) {
  EXPECT_THAT(refusal("lora+vpt", {{"rank", "4"}}),
              HasSubstr("--rank: with several methods at once an option says whose it is, as in --lora.rank."));
  EXPECT_THAT(refusal("lora+vpt", {{"lora.rnak", "4"}}), HasSubstr("rank"));
  EXPECT_THAT(refusal("lora+lora", {}), HasSubstr("names lora twice"));
  EXPECT_THAT(refusal("lora+vtp", {}), HasSubstr("Did you mean 'vpt'?"));
  EXPECT_THAT(refusal("lora+", {}), HasSubstr("no method ''"));
}

}  // namespace
}  // namespace graft::methods
