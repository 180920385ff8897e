#include "graft/study/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace graft::study {
namespace {

using testing::HasSubstr;

const double kUnknown = std::numeric_limits<double>::quiet_NaN();

// A set of which only the numbers of examples won are known, of 1,000 examples.
PairedSet set_of(std::vector<int64_t> won, std::string name = "a") {
  PairedSet set{.name = std::move(name)};
  set.items = 1'000;
  for (size_t i = 0; i < won.size(); ++i) {
    set.seeds.push_back(static_cast<int64_t>(i) + 1);
    set.points.push_back(static_cast<double>(won[i]) / 10);
  }
  set.won = std::move(won);
  return set;
}

Comparison judged(std::vector<PairedSet> sets, const VerdictOptions& options = {}) {
  std::vector<Comparison> all(1);
  all[0].first = "lora";
  all[0].second = "coop";
  all[0].sets = std::move(sets);
  judge(all, options, Random(1));
  return all[0];
}
std::string told(const Comparison& comparison, const VerdictOptions& options = {}) {
  return fmt::format("{}", fmt::join(sentences(comparison, options, 1, kUnknown), "\n"));
}

// The facts' V3 = (11, 6, -2, 19, 8, 7, 4, 13) items: sign-flip p 4/256.
TEST(Verdict, ADifferenceThatIsShownIsAWin) {
  const auto c = judged({set_of({11, 6, -2, 19, 8, 7, 4, 13})});
  EXPECT_EQ(c.verdict, Verdict::better);
  EXPECT_DOUBLE_EQ(c.p, 4.0 / 256);
  EXPECT_NEAR(c.points, 0.825, 1e-12);
  EXPECT_NEAR(c.e, 13.1158186763, 1e-9);
  EXPECT_EQ(label_of(c), "win here");  // nothing is known of single examples
  EXPECT_THAT(told(c), HasSubstr("lora beats coop by 0.8 points"));
  EXPECT_THAT(told(c), HasSubstr("better in 7 of 8 pairs"));
}

// V1 of the same facts: Wilcoxon's exact p is 0.0625, of the whole numbers, whose ties floats would break.
TEST(Verdict, SignedRanksStandBesideTheSignFlip) {
  const auto c = judged({set_of({5, 4, 0, 5, 0, -2, 3, 3, -1})});
  EXPECT_DOUBLE_EQ(c.p, 48.0 / 512);
  EXPECT_DOUBLE_EQ(*c.wilcoxon_p, 0.0625);
  auto thirds = set_of({10, 8, 0, 10, 0, -4, 6, 6, -2});  // the same shares of twice the examples
  thirds.items = 2'000;
  EXPECT_DOUBLE_EQ(*judged({thirds}).wilcoxon_p, 0.0625);
}

// Differences of a set: 1, 2 and 3 points. t with two degrees of freedom: 2 -+ 4.30265272975 / sqrt(3).
TEST(Verdict, OverDataSetsEachSetIsOneDraw) {
  const auto c = judged({set_of({5, 15}, "a"), set_of({20, 20}, "b"), set_of({30, 30}, "c")});
  ASSERT_TRUE(c.on_other_sets);
  EXPECT_NEAR(c.on_other_sets->low, 2 - 4.30265272975 / std::sqrt(3), 1e-9);
  EXPECT_NEAR(c.on_other_sets->high, 2 + 4.30265272975 / std::sqrt(3), 1e-9);
  EXPECT_FALSE(judged({set_of({5, 15}, "a"), set_of({20, 20}, "b")}).on_other_sets);
}

TEST(Verdict, OfTheOtherSignTheOtherWins) {
  const auto c = judged({set_of({-11, -6, 2, -19, -8, -7, -4, -13})});
  EXPECT_EQ(c.verdict, Verdict::worse);
  EXPECT_THAT(told(c), HasSubstr("coop beats lora by 0.8 points"));
  EXPECT_THAT(told(c), HasSubstr("better in 7 of 8 pairs"));
}

// V2: p = 4/64, mean 8.1667 of 1,000, Student's interval [.000975, .015359].
TEST(Verdict, WhatIsNotShownIsNotEqual) {
  const auto c = judged({set_of({11, 6, -2, 19, 8, 7})});
  EXPECT_EQ(c.verdict, Verdict::no_difference);
  EXPECT_DOUBLE_EQ(c.p, 4.0 / 64);
  ASSERT_TRUE(c.on_this_test_set);
  EXPECT_NEAR(c.on_this_test_set->low, 0.0974650112046, 1e-10);
  EXPECT_NEAR(c.on_this_test_set->high, 1.53586832213, 1e-10);
  EXPECT_EQ(c.needed_pairs, 8);
  EXPECT_THAT(told(c), HasSubstr("no difference is shown"));
  EXPECT_THAT(told(c), HasSubstr("would need about 8 seeds"));
}

// The sign flip knows no sets: what it can see is told from the spread over all pairs.
TEST(Verdict, AGainOnOneSetAndALossOnAnotherAreNamedAndAreSpread) {
  auto gain = set_of({60, 61, 59, 62, 58, 60}), loss = set_of({-50, -51, -49, -52, -48, -50});
  gain.name = "products";
  loss.name = "cifar10";
  const auto c = judged({gain, loss});
  EXPECT_EQ(c.verdict, Verdict::no_difference);
  EXPECT_GT(c.on_this_test_set->low, 0);
  EXPECT_THAT(told(c), HasSubstr("lora is better on products, worse on cifar10"));
  EXPECT_GT(c.needed_pairs, 100);
}

TEST(Verdict, FewPairsAreNeverAClaim) {
  const auto c = judged({set_of({20, 21, 22, 23, 24})});
  EXPECT_EQ(c.verdict, Verdict::too_few);
  EXPECT_THAT(told(c), HasSubstr("5 pairs, 5 of them not tied, cannot show a difference of any size"));
  EXPECT_THAT(told(c), HasSubstr("seen: +2.0, +2.1, +2.2, +2.3, +2.4"));
  EXPECT_EQ(judged({set_of({20})}).verdict, Verdict::too_few);
}

// Holm over 15 comparisons asks for ten untied pairs.
TEST(Verdict, ManyComparisonsAskForMorePairs) {
  std::vector<Comparison> all(15);
  for (auto& c : all) {
    c.first = "x";
    c.second = "y";
    c.sets = {set_of({20, 21, 22, 23, 24, 25})};
  }
  judge(all, {}, Random(1));
  EXPECT_EQ(all[0].verdict, Verdict::too_few);
  EXPECT_THAT(sentences(all[0], {}, 15, kUnknown)[1], HasSubstr("needed: 10 untied pairs"));
  for (auto& c : all)
    c.sets = {set_of({20, 21, 22, 23, 24, 25, 26, 27, 28, 29})};
  for (auto& c : all)
    c = Comparison{.first = "x", .second = "y", .sets = c.sets};
  judge(all, {}, Random(1));
  EXPECT_EQ(all[0].verdict, Verdict::better);
}

// V2's two one-sided tests at a margin of 1.5 points: p .0292410347902.
TEST(Verdict, WithinAMarginThatWasStatedEqualityIsShown) {
  const VerdictOptions options{.margin = 1.5};
  const auto c = judged({set_of({11, 6, -2, 19, 8, 7})}, options);
  EXPECT_EQ(c.verdict, Verdict::equivalent);
  ASSERT_TRUE(c.equivalence_p);
  EXPECT_NEAR(*c.equivalence_p, 0.0292410347902, 1e-10);
  EXPECT_THAT(told(c, options), HasSubstr("inside the margin of 1.5"));
  EXPECT_EQ(judged({set_of({11, 6, -2, 19, 8, 7})}, {.margin = 1.0}).verdict, Verdict::no_difference);
}

TEST(Verdict, DataSetsAreStrataWhoseMeansCountAlike) {
  const auto c = judged({set_of({10, 12, 14}, "a"), set_of({30, 32, 34}, "b")});
  EXPECT_NEAR(c.points, 2.2, 1e-12);
  EXPECT_EQ(c.pairs, 6);
  EXPECT_DOUBLE_EQ(c.p, 2.0 / 64);
  EXPECT_EQ(c.won_sets, 2);
  // Each mean's variance is 0.2^2 / 3 with two degrees of freedom: together four, and half the sum's root.
  ASSERT_TRUE(c.on_this_test_set);
  EXPECT_NEAR(c.on_this_test_set->high - c.points, 2.7764451052 * std::sqrt(2 * 0.04 / 3) / 2, 1e-9);
}

TEST(Verdict, StoppedByLookingIsClaimedByEvidenceThatAllowsLooking) {
  const VerdictOptions watch{.margin = {}, .anytime = true};
  EXPECT_EQ(judged({set_of({11, 6, -2, 19, 8, 7, 4, 13})}, watch).verdict, Verdict::still_open);  // e = 13 of 20
  const auto c = judged({set_of({20, 21, 22, 19, 20, 21, 20, 22, 21, 20})}, watch);
  EXPECT_GE(c.e, 20);
  EXPECT_EQ(c.verdict, Verdict::better);
  EXPECT_TRUE(all_decided(std::vector{c}));
}

// McNemar's (12, 4) of the facts: mid-p .0490417480469.
TEST(Verdict, OneRunEachIsComparedByItsExamples) {
  PairedSet set{.name = "a"};
  set.seeds = {0};
  set.points = {4.0};
  set.won = {8};
  set.items = set.examples = 200;
  set.cells.assign(200, 0);
  for (size_t i = 0; i < 16; ++i)
    set.cells[i] = i < 12 ? 1 : -1;
  const auto c = judged({set});
  EXPECT_TRUE(c.by_items);
  EXPECT_NEAR(c.p, 0.0490417480469, 1e-12);
  EXPECT_EQ(c.verdict, Verdict::better);
  EXPECT_THAT(told(c), HasSubstr("only lora is right on 12, only coop on 4"));
}

// Pooled over all examples lora is right more often, and in the mean over the sets less often: nothing is claimed.
TEST(Verdict, OfSingleExamplesTestAndIntervalHaveToAgree) {
  const auto set_with = [](const char* name, int64_t examples, int64_t first, int64_t second) {
    PairedSet set{.name = name};
    set.seeds = {0};
    set.won = {first - second};
    set.points = {100.0 * static_cast<double>(first - second) / static_cast<double>(examples)};
    set.items = set.examples = examples;
    set.cells.assign(static_cast<size_t>(examples), 0);
    std::fill_n(set.cells.begin(), first, 1);
    std::fill_n(set.cells.begin() + first, second, -1);
    return set;
  };
  const auto c = judged({set_with("large", 1000, 30, 10), set_with("small", 40, 3, 4)});
  EXPECT_LT(c.p, 0.01);
  EXPECT_LT(c.points, 0);
  EXPECT_EQ(c.verdict, Verdict::no_difference);
}

TEST(Verdict, SeedsAloneDoNotSpeakOfThisKindOfData) {
  PairedSet set{.name = "a"};
  for (int64_t seed = 1; seed <= 6; ++seed) {
    set.seeds.push_back(seed);
    set.points.push_back(5);
    set.won.push_back(5);
    for (int64_t item = 0; item < 100; ++item)
      set.cells.push_back(item < 10 ? 1 : item < 15 ? -1 : 0);
  }
  set.items = set.examples = 100;
  const auto c = judged({set});
  EXPECT_EQ(c.verdict, Verdict::better);  // on this test set, at every seed
  ASSERT_TRUE(c.on_this_kind);
  EXPECT_LT(c.on_this_kind->low, 0);
  EXPECT_EQ(label_of(c), "win here");
  EXPECT_THAT(told(c), HasSubstr("shown on these test examples"));
  EXPECT_THAT(told(c), HasSubstr("more test examples would help, more seeds will not"));
}

TEST(Verdict, RunsThatDivergedAreSaid) {
  auto set = set_of({11, 6, -2, 19, 8, 7});
  set.diverged_second = 2;
  EXPECT_THAT(told(judged({set})), HasSubstr("2 runs diverged (0 of lora, 2 of coop)"));
}

}  // namespace
}  // namespace graft::study
