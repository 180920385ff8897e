#include <gmock/gmock.h>
#include <torch/types.h>

#include <set>

#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

TEST(Methods, OfferTheNearestNameForAnUnknownOne) {
  try {
    find_entry("lroa");
    FAIL() << "lroa was found";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[methods] no method 'lroa'. Did you mean 'lora'? Known: adapter, aim, bias"));
  }
}

TEST(Methods, HaveNamesOfTheirOwnAndASummaryThatFitsALine) {
  std::set<std::string> names;
  for (const Entry* entry : entries()) {
    EXPECT_TRUE(names.insert(entry->name).second) << entry->name;
    EXPECT_LT(std::string(entry->summary).size(), 90u) << entry->name;
    EXPECT_THAT(entry->paper, HasSubstr("arXiv:")) << entry->name;
  }
}

TEST(Methods, FitWhereTheModelHasWhatTheyNeed) {
  const auto clip = sites_only(), vit = sites_only(/*text=*/false);
  EXPECT_TRUE(fits(find_entry("coop"), *clip));
  EXPECT_FALSE(fits(find_entry("coop"), *vit));
  EXPECT_FALSE(fits(find_entry("tip-adapter"), *vit));
  EXPECT_TRUE(fits(find_entry("lora"), *vit));
  EXPECT_TRUE(fits(find_entry("linear-probe"), *vit));
  Entry of_clips = find_entry("lora");
  of_clips.needs.clips = true;
  EXPECT_FALSE(fits(of_clips, *vit));
  EXPECT_TRUE(fits(of_clips, *vit, /*frames=*/8));
  Entry of_all = find_entry("bias");
  of_all.needs.sites = {nn::SiteKind::linear, nn::SiteKind::words};
  EXPECT_TRUE(fits(of_all, *clip));
  EXPECT_FALSE(fits(of_all, *vit)) << "every kind is needed";
  of_all.needs.any_site = true;
  EXPECT_TRUE(fits(of_all, *vit)) << "one of them is enough";
}

TEST(Methods, ChangeTheModelFromTheFirstSiteOn) {
  auto lora = on_sites("lora", {{"target", "blocks.3.attn.qkv.q,blocks.7.mlp.fc1"}});
  EXPECT_EQ(earliest_change(lora.adaptation, *lora.model), 4);
  EXPECT_FALSE(text_changes(lora.adaptation, *lora.model));
  auto coop = on_sites("coop", {});
  EXPECT_EQ(earliest_change(coop.adaptation, *coop.model), coop.model->reader().last());
  EXPECT_TRUE(text_changes(coop.adaptation, *coop.model));
  auto tip = on_sites("tip-adapter-f", {});
  EXPECT_EQ(earliest_change(tip.adaptation, *tip.model), tip.model->reader().last());
  EXPECT_FALSE(text_changes(tip.adaptation, *tip.model));
}

TEST(Methods, ListAllThatDoesNotFitInOneError) {
  auto built = on_sites("vpt", {});
  auto tensors = built.method->to_disk(*built.model, built.adaptation);
  tensors.erase("base_model.model.vision.blocks.0.tokens.vpt.prompts");
  tensors["base_model.model.vision.blocks.12.tokens.vpt.prompts"] = torch::zeros({5, 768});
  tensors["base_model.model.vision.blocks.1.tokens.vpt.prompts"] = torch::zeros({5, 384});
  const auto before = built.adaptation.bindings[2].insert->parameters().front().clone();
  tensors["base_model.model.vision.blocks.2.tokens.vpt.prompts"] = torch::zeros({5, 768});
  try {
    built.method->from_disk(*built.model, tensors, built.adaptation);
    FAIL() << "a file that does not fit was loaded";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[vpt] the adapter does not fit vit-b-16, 3 of 13 tensors:"));
    EXPECT_THAT(error.what(), HasSubstr("vision.blocks.0.tokens.vpt.prompts: missing"));
    EXPECT_THAT(error.what(), HasSubstr("vision.blocks.1.tokens.vpt.prompts: shape [5, 384], here it is [5, 768]"));
    EXPECT_THAT(error.what(), HasSubstr("vision.blocks.12.tokens.vpt.prompts: no such place"));
  }
  EXPECT_TRUE(torch::equal(before, built.adaptation.bindings[2].insert->parameters().front()));  // nothing was copied
}

}  // namespace
}  // namespace graft::methods
