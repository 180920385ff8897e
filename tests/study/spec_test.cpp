#include "graft/study/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "graft/core/error.h"

namespace graft::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Spec parse(const std::string& text) {
  return parse_spec(text, "dir/study.yaml");
}
std::string refused(const std::string& text) {
  try {
    cells_of(parse(text));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was refused";
}

constexpr const char* kSmall =
    "models: [clip]\ndata: {a: a.csv, b: {data: b/, classes: n.txt}}\nmethods: [zero-shot, lora, big]\n"
    "variants: {big: {method: lora, rank: 64}}\nshots: [1, 4]\nseeds: 2\n";

TEST(Spec, SaysWhatIsRun) {
  const auto spec = parse(kSmall);
  EXPECT_EQ(spec.name, "study");
  EXPECT_THAT(spec.seeds, ElementsAre(1, 2));
  EXPECT_EQ(spec.method("big").options.at("rank"), "64");
  EXPECT_EQ(spec.dataset("b").options.at("classes"), "n.txt");
  EXPECT_EQ(spec.question.metric, "accuracy");
}

TEST(Spec, WhatIsNotSaidIsAllLabelsAndSixSeeds) {
  const auto spec = parse("models: [m]\ndata: [d]\nmethods: [lora]\n");
  EXPECT_THAT(spec.shots, ElementsAre(0));
  EXPECT_THAT(spec.seeds, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Spec, OneSeedIsSoManyAndSeveralAreThese) {
  EXPECT_EQ(parse("models: [m]\ndata: [d]\nmethods: [lora]\nseeds: 3\n").seeds.size(), 3U);
  EXPECT_THAT(parse("models: [m]\ndata: [d]\nmethods: [lora]\nseeds: [7, 9]\n").seeds, ElementsAre(7, 9));
}

TEST(Spec, AVariantUnderAMethodsOwnNameIsWhatThatMethodIsRunWith) {
  const std::string base = "models: [m]\ndata: [d]\nmethods: [lora]\n";
  EXPECT_EQ(parse(base + "variants: {lora: {rank: 2}}\n").method("lora").options.at("rank"), "2");
  EXPECT_THAT(refused(base + "variants: {lora: {method: bias}}\n"),
              HasSubstr("has the name of a method and runs bias"));
}

TEST(Spec, AStudyOfAnotherVersionIsRefusedByThat) {
  const std::string base = "models: [m]\ndata: [d]\nmethods: [lora]\n";
  EXPECT_EQ(parse("version: 1\n" + base).methods.size(), 1U);
  EXPECT_THAT(refused("version: 2\nsweeps: [a]\n" + base),
              HasSubstr("is a study of version 2; this graft reads version 1"));
}

TEST(Spec, FeaturesStandForTheModelThatMadeThem) {
  const auto spec = parse(
      "data: {mine: {data: f.npy, labels: l.csv}, theirs: {data: g.safetensors}}\nmethods: [linear-probe]\nseeds: 2\n");
  ASSERT_EQ(spec.models.size(), 1U);
  EXPECT_TRUE(spec.models[0].options.empty());
  EXPECT_EQ(spec.dataset("mine").options.at("labels"), "l.csv");
  EXPECT_EQ(cells_of(spec).size(), 4U);
  EXPECT_EQ(parse("data: [a/f.npz]\nmethods: [linear-probe]\n").data[0].name, "f");
  const char* own = "features go with no models and with no photos or texts";
  EXPECT_THAT(refused("data: [f.npy]\nmodels: [m]\nmethods: [linear-probe]\n"), HasSubstr(own));
  EXPECT_THAT(refused("data: [f.npy, photos/]\nmethods: [linear-probe]\n"), HasSubstr(own));
}

TEST(Cells, ComeSeedAfterSeedAndZeroShotOnce) {
  const auto cells = cells_of(parse(kSmall));
  EXPECT_EQ(cells.size(), 2U + 2 * 2 * 2 * 2);  // zero-shot on both data sets; two methods x two sets x shots x seeds
  EXPECT_EQ(std::count_if(cells.begin(), cells.end(), [](const Cell& c) { return c.method == "zero-shot"; }), 2);
  int64_t seed = 0;
  for (const auto& cell : cells) {
    EXPECT_TRUE(cell.seed == 0 || cell.seed >= seed);
    seed = std::max(seed, cell.seed);
  }
}

TEST(Cells, ThatAreExcludedAreNotRun) {
  const auto all = cells_of(parse(kSmall)).size();
  EXPECT_EQ(cells_of(parse(std::string(kSmall) + "exclude: [{method: big, data: b}]\n")).size(), all - 4);
  EXPECT_EQ(cells_of(parse(std::string(kSmall) + "exclude: [{method: [big, lora], shots: 4, data: a}]\n")).size(),
            all - 4);
  EXPECT_THAT(refused(std::string(kSmall) + "exclude: [{model: clip}]\n"), HasSubstr("nothing is left to run"));
}

TEST(Options, OfARunAreTheDefaultsUnderWhatModelDataAndVariantSay) {
  const auto spec = parse(std::string(kSmall) + "defaults: {epochs: 3, precision: fp32}\n");
  const auto options = options_of(spec, {"big", "clip", "b", 4, 2});
  EXPECT_EQ(options.at("method"), "lora");
  EXPECT_EQ(options.at("rank"), "64");
  EXPECT_EQ(options.at("epochs"), "3");
  EXPECT_EQ(options.at("shots"), "4");
  EXPECT_EQ(options.at("threads"), "1");
  EXPECT_EQ(options.at("seed"), std::to_string(seed_of("b", 2)));
}

// Two data sets have no random number in common, or their differences would not be pairs of their own.
TEST(Options, SeedsDifferBetweenDataSets) {
  std::set<int64_t> seeds;
  for (const auto* name : {"a", "b", "flowers", "products"}) {
    for (int64_t seed = 1; seed <= 9; ++seed)
      seeds.insert(seed_of(name, seed));
  }
  EXPECT_EQ(seeds.size(), 36U);
}

TEST(Spec, WhatIsWrongIsToldTogether) {
  const auto told = refused("model: [clip]\ndata: [a, x/a.csv]\nmethods: [lroa, lora]\nseeds: [1, 1]\nshots: few\n");
  for (const char* part :
       {"key 'model'. Did you mean 'models'", "two have the name 'a'", "Did you mean 'lora'",
        "seeds: a number stands twice", "shots: expected whole numbers, got 'few'", "'models' is missing"})
    EXPECT_THAT(told, HasSubstr(part));
}

TEST(Spec, OptionsThatNoMethodHasAreRefusedBeforeTheFirstRun) {
  EXPECT_THAT(refused("models: [m]\ndata: [d]\nmethods: [big]\nvariants: {big: {method: lora, rnak: 64}}\n"),
              HasSubstr("Did you mean 'rank'"));
  EXPECT_THAT(refused("models: [m]\ndata: [d]\nmethods: [lora]\ndefaults: {seed: 3}\n"),
              HasSubstr("'seed' has a place of its own"));
  EXPECT_THAT(refused("models: [m]\ndata: [d]\nmethods: [lora, big]\nvariants: {big: {rank: 2}}\n"),
              HasSubstr("which method?"));
  EXPECT_THAT(refused("models: [m]\ndata: [d]\nmethods: [lora]\nvariants: {big: {method: lora}}\n"),
              HasSubstr("'big' is not among the methods"));
}

TEST(Spec, ComparesOnlyWhatThereIs) {
  const std::string base = "models: [m]\ndata: [d]\nmethods: [lora, bias]\n";
  EXPECT_THAT(refused(base + "compare: {against: lroa}\n"), HasSubstr("Did you mean 'lora'"));
  EXPECT_THAT(refused(base + "compare: {margin: -1}\n"), HasSubstr("above 0"));
  EXPECT_THAT(refused(base + "compare: {alpha: 0.9}\n"), HasSubstr("less than 0.5"));
  EXPECT_THAT(refused(base + "compare: {metrik: accuracy}\n"), HasSubstr("Did you mean 'metric'"));
  EXPECT_THAT(refused(base + "exclude: [{methd: lora}]\n"), HasSubstr("Did you mean 'method'"));
  EXPECT_THAT(refused(base + "exclude: [{data: e}]\n"), HasSubstr("no data 'e'"));
}

}  // namespace
}  // namespace graft::study
