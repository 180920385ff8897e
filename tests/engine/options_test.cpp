#include "graft/engine/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/engine/augmentation.h"
#include "graft/methods/entry.h"
#include "tests/support/tiny_world.h"

namespace graft::engine {
namespace {

TEST(Options, TellsGeneralOptionsFromTheMethods) {
  const auto request = read_adapt_request({{"method", "lora"}, {"rank", "4"}, {"lr", "0.1"}, {"seed", "7"}});
  EXPECT_EQ(request.options.method, "lora");
  EXPECT_EQ(request.options.seed, 7);
  EXPECT_DOUBLE_EQ(request.options.train.lr.value(), 0.1);
  EXPECT_EQ(request.method_options, (OptionValues{{"rank", "4"}}));
}

TEST(Options, AnUnknownOptionNamesTheNearestOfBoth) {
  const auto message = [](const OptionValues& values) {
    try {
      read_adapt_request(values);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message({{"method", "lora"}, {"rnak", "4"}}).find("'rank'"), std::string::npos);
  EXPECT_NE(message({{"method", "lora"}, {"epoch", "4"}}).find("'epochs'"), std::string::npos);
}

// Flags and config.yaml are one flat list: a method's option may not be called what a general one is.
TEST(Options, NoMethodOptionHasAGeneralOptionsName) {
  std::set<std::string> general;
  for (const auto& info : describe_options<AdaptOptions>())
    EXPECT_TRUE(general.insert(info.name).second) << info.name;
  for (const auto* entry : methods::entries()) {
    for (const auto& info : entry->options())
      EXPECT_FALSE(general.contains(info.name)) << entry->name << " " << info.name;
  }
}

TEST(Options, WhatIsResolvedReadsBackAsItself) {
  auto request = read_adapt_request({{"method", "lora"}, {"template", "a {}.\nthe {}."}, {"shots", "4"}});
  const OptionValues all = resolved(request);
  EXPECT_EQ(resolved(read_adapt_request(all)), all);
}

TEST(Options, OfSeveralMethodsEachOptionHasItsPrefix) {
  std::set<std::string> names;
  for (const auto& info : method_option_infos("lora+vpt"))
    names.insert(info.name);
  EXPECT_TRUE(names.contains("lora.rank"));
  EXPECT_FALSE(names.contains("rank"));
}

TEST(Options, AFlagOverridesTheRecipe) {
  methods::Recipe recipe{.lr = 0.5, .epochs = 9};
  TrainOptions asked;
  asked.epochs = 3;
  const auto applied = asked_recipe(asked, recipe);
  EXPECT_EQ(applied.epochs, 3);
  EXPECT_DOUBLE_EQ(applied.lr, 0.5);
}

TEST(Options, ARecipeAskedForWholeIsItself) {
  const methods::Recipe recipe{.optimizer = methods::OptimizerKind::sgd,
                               .lr = 0.1 + 0.2,
                               .weight_decay = 1e-30,
                               .eps = 1e-5,
                               .schedule = methods::ScheduleKind::vpt,
                               .epochs = 0,
                               .augmentation = methods::Augmentation::crop_flip};
  const auto again = methods::with({.eps = 1e-5}, methods::all_of(recipe));
  EXPECT_EQ(write_options(again), write_options(recipe));
  EXPECT_EQ(again.lr, recipe.lr);
  EXPECT_EQ(again.eps, recipe.eps);
}

TEST(Options, ARecipesWarmUpFitsFewerEpochs) {
  TrainOptions asked;
  for (const auto& [epochs, warmup] : std::map<int64_t, double>{{5, 0.5}, {50, 10}}) {
    asked.epochs = epochs;
    EXPECT_DOUBLE_EQ(asked_recipe(asked, {.warmup_epochs = 10, .epochs = 100}).warmup_epochs, warmup);
  }
}

TEST(Options, StepsSayTheEpochsThatTheyTake) {
  TrainOptions asked;
  asked.steps = 10;
  methods::Recipe recipe = asked_recipe(asked, {.warmup_epochs = 5, .epochs = 100, .batch_size = 4});
  follow_steps(recipe, asked, 14);  // four steps an epoch
  EXPECT_EQ(recipe.epochs, 3);
  EXPECT_DOUBLE_EQ(recipe.warmup_epochs, 0.3);
  asked.epochs = 3;  // as config.yaml has both
  EXPECT_NO_THROW(follow_steps(recipe, asked, 14));
  asked.epochs = 100;
  EXPECT_THROW(follow_steps(recipe, asked, 14), ConfigError);
  asked.epochs.reset();
  asked.grad_accum = 3;  // two steps an epoch
  follow_steps(recipe, asked, 14);
  EXPECT_EQ(recipe.epochs, 5);
  recipe.epochs = 0;  // what takes no steps
  follow_steps(recipe, asked, 14);
  EXPECT_EQ(recipe.epochs, 0);
}

TEST(Options, AllThatIsOutOfRangeIsToldAtOnce) {
  try {
    TrainOptions asked;
    asked.epochs = -1;
    asked.batch_size = 0;
    asked.label_smoothing = 1.0;
    asked.grad_accum = 0;
    asked_recipe(asked, {});
    FAIL() << "nothing was refused";
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    for (const char* name : {"--epochs", "--batch-size", "--label-smoothing", "--grad-accum"}) {
      EXPECT_NE(text.find(name), std::string::npos) << text;
    }
  }
  TrainOptions asked;
  asked.warmup_epochs = 2;
  asked.schedule = methods::ScheduleKind::coop;
  EXPECT_THROW(asked_recipe(asked, {}), ConfigError);
}

TEST(Options, TemplatesComeFromTheOptionThenTheFile) {
  const TempFolder folder;
  std::ofstream(folder / "t.txt") << "two {}.\r\n\nthree {}\n";
  EXPECT_EQ(read_templates("one {}", (folder / "t.txt").string()),
            (std::vector<std::string>{"one {}", "two {}.", "three {}"}));
  EXPECT_EQ(read_templates("", ""), (std::vector<std::string>{"a photo of a {}."}));
  EXPECT_THROW(read_templates("a photo", ""), ConfigError);
  EXPECT_THROW(read_templates("a {} and {}", ""), ConfigError);
  EXPECT_THROW(read_templates("", "/nonexistent"), FileError);
}

TEST(Options, EveryAugmentationButNoneIsRandomAndAnotherThanTheRest) {
  std::set<std::string> seen;
  for (const auto& [augmentation, name] : choices(methods::Augmentation{})) {
    const auto made = augmentation_of({.augmentation = augmentation});
    EXPECT_EQ(made.is_random(), augmentation != methods::Augmentation::none) << name;
    std::string all;
    for (const auto& [option, value] : write_options(made))
      all += option + value + " ";
    EXPECT_TRUE(seen.insert(all).second) << name;
  }
  EXPECT_EQ(augmentation_of({.augmentation = methods::Augmentation::trivial_augment}).policy,
            data::Policy::trivial_augment);
}

}  // namespace
}  // namespace graft::engine
