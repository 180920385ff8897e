#include "graft/study/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/study/search_effort.h"

namespace graft::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kBase = "models: [m]\ndata: [d]\nmethods: [lora, bias]\nshots: 1\nseeds: 6\n";

Spec searched(const std::string& search) {
  return parse_spec(kBase + search, "study.yaml");
}
std::string search_refused(const std::string& search) {
  try {
    searched(search);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was refused";
}

const Cell kGroup{.method = "lora", .model = "m", .data = "d", .shots = 1, .seed = 0};
constexpr const char* kRandom = "search: {trials: 9, space: {lr: {low: 1e-4, high: 0.1, scale: log}}}\n";
constexpr const char* kHalving =
    "search: {trials: 9, kind: halving, space: {lr: {low: 1e-4, high: 0.1, scale: log}}}\n";

// Runs as they come in.
struct Results {
  std::map<Cell, RunResult> all;
  void add(const Cell& cell, double validation, double test = 0, Outcome outcome = Outcome::done) {
    RunResult result{.identity = "x", .cell = cell, .outcome = outcome};
    result.steps = 10;
    result.scores["accuracy"] = test;
    result.val_scores["accuracy"] = validation;
    all[cell] = result;
  }
  ResultOf of() const {
    return [this](const Cell& cell) {
      const auto found = all.find(cell);
      return found == all.end() ? nullptr : &found->second;
    };
  }
};

TEST(SearchSpace, TheFirstConfigurationIsTheMethodsOwn) {
  const auto spec = searched(kRandom);
  const auto ranges = ranges_of(spec.search, "lora", {"lr", "rank"});
  EXPECT_TRUE(trial_options(ranges, "lora", 1).empty());
  EXPECT_EQ(trial_options(ranges, "lora", 2), trial_options(ranges, "lora", 2));
  EXPECT_NE(trial_options(ranges, "lora", 2), trial_options(ranges, "lora", 3));
  EXPECT_NE(trial_options(ranges, "lora", 2), trial_options(ranges, "bias", 2));
}

TEST(SearchSpace, ALogRangeIsUniformInTheLogarithm) {
  const auto ranges = ranges_of(searched(kRandom).search, "lora", {"lr"});
  constexpr int64_t kDraws = 4000;
  int64_t below = 0;
  for (int64_t trial = 2; trial < kDraws + 2; ++trial) {
    const double lr = std::stod(trial_options(ranges, "lora", trial).at("lr"));
    ASSERT_GE(lr, 1e-4);
    ASSERT_LE(lr, 0.1);
    below += lr < std::sqrt(1e-4 * 0.1);
  }
  EXPECT_NEAR(static_cast<double>(below) / kDraws, 0.5, 0.03);
}

TEST(SearchSpace, WholeEndsGiveWholeNumbersAndListsTheirValues) {
  const auto spec = searched(
      "search: {trials: 50, space: {batch-size: {low: 2, high: 5}, lora: {rank: {low: 1, high: 64, scale: log}, "
      "rslora: "
      "[no, yes]}}}\n");
  const auto ranges = ranges_of(spec.search, "lora", searched_options(spec.method("lora")));
  std::set<std::string> sizes, scalings;
  for (int64_t trial = 2; trial < 200; ++trial) {
    const auto values = trial_options(ranges, "lora", trial);
    sizes.insert(values.at("batch-size"));
    scalings.insert(values.at("rslora"));
    EXPECT_EQ(values.at("rank").find_first_not_of("0123456789"), std::string::npos);
  }
  EXPECT_THAT(sizes, ElementsAre("2", "3", "4", "5"));
  EXPECT_THAT(scalings, ElementsAre("no", "yes"));
}

TEST(SearchSpace, AMethodsOwnRangeWinsAndWhatAMethodLacksIsLeftOut) {
  const auto spec = searched("search: {trials: 2, space: {lr: [1, 2], rank: [4], lora: {lr: [3]}}}\n");
  const auto of = [&](const char* name) {
    std::vector<std::string> printed;
    for (const auto& range : ranges_of(spec.search, name, searched_options(spec.method(name))))
      printed.push_back(print(range));
    return printed;
  };
  EXPECT_THAT(of("lora"), ElementsAre("lr 3", "rank 4"));
  EXPECT_THAT(of("bias"), ElementsAre("lr 1, 2"));
}

TEST(SearchSpace, WhatIsWrongIsSaid) {
  EXPECT_THAT(search_refused("search: {trials: 1, space: {lr: [1]}}\n"),
              HasSubstr("expected 2 to 10000 configurations"));
  EXPECT_THAT(search_refused("search: {trials: 4}\n"), HasSubstr("space is missing"));
  EXPECT_THAT(search_refused("search: {trails: 4, space: {lr: [1]}}\n"), HasSubstr("Did you mean 'trials'?"));
  EXPECT_THAT(search_refused("search: {trials: 4, space: {lr: {low: 1, high: 0.1}}}\n"),
              HasSubstr("low 1 is not below high 0.1"));
  EXPECT_THAT(search_refused("search: {trials: 4, space: {lr: {low: 0, high: 1, scale: log}}}\n"),
              HasSubstr("expected low above 0"));
  EXPECT_THAT(search_refused("search: {trials: 4, space: {lr: {low: 0, high: 1, scale: logg}}}\n"),
              HasSubstr("'logg'"));
  EXPECT_THAT(search_refused("search: {trials: 4, space: {lrr: [1]}}\n"),
              HasSubstr("no option 'lrr'. Did you mean 'lr'?"));
  EXPECT_THAT(search_refused("search: {trials: 4, space: {bias: {rank: [1]}}}\n"), HasSubstr("bias: no option 'rank'"));
  EXPECT_THAT(search_refused("search: {trials: 4, space: {lora: {rank: [x]}}}\n"), HasSubstr("rank"));
  EXPECT_THAT(search_refused("search: {trials: 4, kind: halving, space: {epochs: [1, 2]}}\n"),
              HasSubstr("epochs is what halving sets"));
  EXPECT_THAT(search_refused("budget: {steps: 5}\nsearch: {trials: 4, space: {epochs: [1, 2]}}\n"),
              HasSubstr("epochs is what the budget sets"));
  EXPECT_THAT(search_refused("seeds: [501, 7]\nsearch: {trials: 4, space: {lr: [1]}}\n"), HasSubstr("twice"));
  EXPECT_THAT(
      [] {
        try {
          parse_spec(
              "models: [m]\ndata: [d]\nmethods: [lora]\nseeds: [501, 7]\nsearch: {trials: 4, space: {lr: [1]}}\n",
              "s.yaml");
        } catch (const ConfigError& error) {
          return std::string(error.what());
        }
        return std::string();
      }(),
      HasSubstr("501 is one that the search uses"));
}

TEST(Budget, IsOneOfThree) {
  EXPECT_EQ(searched("budget: {steps: 40}\n").budget.steps, 40);
  EXPECT_THAT(search_refused("budget: {steps: 40, seconds: 3}\n"),
              HasSubstr("expected one of steps, parameters and seconds"));
  EXPECT_THAT(search_refused("budget: {steps: 0}\n"), HasSubstr("expected a number above 0"));
  EXPECT_THAT(search_refused("budget: {second: 3}\n"), HasSubstr("Did you mean 'seconds'?"));
  EXPECT_THAT(search_refused("budget: 40\n"), HasSubstr("expected a map"));
}

TEST(Budget, OfStepsStandsInPlaceOfEpochs) {
  const auto spec = parse_spec(
      "models: [m]\ndata: [d]\nmethods: [lora, zero-shot]\ndefaults: {epochs: 3}\nbudget: {steps: 40}\n", "s.yaml");
  auto values = options_of(spec, {.method = "lora", .model = "m", .data = "d"});
  EXPECT_EQ(values.at("steps"), "40");
  EXPECT_EQ(values.count("epochs"), 0U);
  EXPECT_EQ(options_of(spec, {.method = "zero-shot", .model = "m", .data = "d"}).count("steps"), 0U);
}

TEST(GroupSearch, TakesTheBestOnTheValidationSplitWhateverTheTestSays) {
  const GroupSearch search(searched(kRandom), kGroup, 50, "epochs");
  Results results;
  const auto runs = search.runs(results.of());
  ASSERT_EQ(runs.size(), 9U);
  EXPECT_EQ(search.planned_runs(), 9);
  EXPECT_FALSE(search.winner(results.of()));
  for (const auto& run : runs) {
    EXPECT_EQ(run.seed, kFirstSearchSeed);
    results.add(run, run.trial == 4 ? 0.9 : 0.5, run.trial == 4 ? 0.1 : 0.99);
  }
  EXPECT_EQ(search.winner(results.of()), 4);
}

TEST(GroupSearch, OfEqualsTheEarlierWinsSoTheMethodsOwnOptionsStay) {
  const GroupSearch search(searched(kRandom), kGroup, 50, "epochs");
  Results results;
  for (const auto& run : search.runs(results.of()))
    results.add(run, 0.7);
  EXPECT_EQ(search.winner(results.of()), 1);
}

TEST(GroupSearch, ARunThatDivergedLosesAndOneThatFailedLeavesItOpen) {
  const GroupSearch search(searched(kRandom), kGroup, 50, "epochs");
  Results results;
  for (const auto& run : search.runs(results.of()))
    results.add(run, 0.7, 0, run.trial == 1 ? Outcome::diverged : Outcome::done);
  EXPECT_EQ(search.winner(results.of()), 2);
  results.all.begin()->second.outcome = Outcome::failed;
  EXPECT_FALSE(search.winner(results.of()));
}

TEST(GroupSearch, WithoutAValidationSplitThereIsNothingToChooseBy) {
  const GroupSearch search(searched(kRandom), kGroup, 50, "epochs");
  Results results;
  for (const auto& run : search.runs(results.of()))
    results.add(run, 0.7);
  for (auto& [cell, result] : results.all)
    result.val_scores.clear();
  EXPECT_THROW(search.winner(results.of()), DataError);
}

TEST(GroupSearch, HalvingGivesABetterThirdThreeTimesTheEpochs) {
  const GroupSearch search(searched(kHalving), kGroup, 9, "epochs");
  Results results;
  EXPECT_EQ(search.planned_runs(), 9 + 3 + 1);
  auto runs = search.runs(results.of());
  ASSERT_EQ(runs.size(), 9U);
  for (const auto& run : runs) {
    EXPECT_EQ(search.options(run).at("epochs"), "1");
    results.add(run, 0.1 * static_cast<double>(run.trial));  // later ones are better
  }
  runs = search.runs(results.of());
  ASSERT_EQ(runs.size(), 12U);
  std::vector<int64_t> second;
  for (const auto& run : runs) {
    if (run.rung != 1) continue;
    second.push_back(run.trial);
    EXPECT_EQ(search.options(run).at("epochs"), "3");
    results.add(run, -static_cast<double>(run.trial));  // now the other way
  }
  EXPECT_THAT(second, ElementsAre(9, 8, 7));
  EXPECT_FALSE(search.winner(results.of()));
  runs = search.runs(results.of());
  ASSERT_EQ(runs.size(), 13U);
  EXPECT_EQ(runs.back().trial, 7);
  EXPECT_EQ(search.options(runs.back()).at("epochs"), "9");
  results.add(runs.back(), 0);
  EXPECT_EQ(search.winner(results.of()), 7);
}

TEST(GroupSearch, WhatTakesNoStepsIsNotHalved) {
  const GroupSearch search(searched(kHalving), kGroup, 0, "epochs");
  EXPECT_EQ(search.planned_runs(), 9);
}

TEST(SearchEffort, IsCountedAndUnequalOnesAreSaid) {
  const auto spec = searched("search: {trials: 4, space: {lora: {rank: [2, 4]}}}\n");
  const GroupSearch search(spec, kGroup, 50, "epochs");
  Results results;
  const std::vector<double> test{0.2, 0.4, 0.6, 0.8};
  for (const auto& run : search.runs(results.of()))
    results.add(run, test[static_cast<size_t>(run.trial - 1)], test[static_cast<size_t>(run.trial - 1)]);
  const auto efforts = search_efforts(spec, results.all);
  ASSERT_EQ(efforts.size(), 2U);
  EXPECT_EQ(efforts[0].configurations, 4);
  EXPECT_EQ(efforts[0].runs, 4);
  EXPECT_EQ(efforts[0].steps, 40);
  EXPECT_EQ(efforts[1].configurations, 1);
  ASSERT_EQ(efforts[0].best_of.size(), 4U);
  EXPECT_NEAR(efforts[0].best_of[0], 0.5, 1e-12);
  // Of the six pairs of .2 .4 .6 .8 the larger: .4 .6 .6 .8 .8 .8
  EXPECT_NEAR(efforts[0].best_of[1], 4.0 / 6, 1e-12);
  EXPECT_NEAR(efforts[0].best_of[3], 0.8, 1e-12);
  EXPECT_EQ(unequal_efforts(efforts), "configurations that each method saw: lora 4, bias 1");
}

}  // namespace
}  // namespace graft::study
