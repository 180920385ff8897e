#include "graft/study/aggregates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/study/study_sections.h"

namespace graft::study {
namespace {

using testing::HasSubstr;
using testing::Not;

// Scores of two data sets for so many seeds; zero-shot has one run of each.
StudyOutcome outcome_of_scores() {
  StudyOutcome outcome{.name = "aggregates", .metric = "accuracy"};
  outcome.scores = {{"zero-shot", {0}, 2, {0.5, 0.75}},
                    {"probe", {1, 2}, 2, {0.55, 0.75, 0.65, 0.85}},
                    {"lora", {1, 2}, 2, {0.5, 0.8, 0.7, 0.9}}};
  outcome.comparisons = {{.first = "probe", .second = "zero-shot"}, {.first = "lora", .second = "probe"}};
  return outcome;
}

TEST(Aggregates, AreThoseOfRliable) {
  const auto all = aggregates_of(outcome_of_scores());
  ASSERT_TRUE(all);
  ASSERT_EQ(all->methods.size(), 3u);
  EXPECT_DOUBLE_EQ(all->methods[0].interquartile_mean, 0.625);
  EXPECT_DOUBLE_EQ(all->methods[1].interquartile_mean, 0.7);   // of 0.65 and 0.75
  EXPECT_DOUBLE_EQ(all->methods[2].interquartile_mean, 0.75);  // of 0.7 and 0.8
  EXPECT_EQ(all->methods[1].runs, 4);
  EXPECT_LT(all->methods[1].interval->low, 0.7);
  EXPECT_GT(all->methods[1].interval->high, 0.7);
  EXPECT_EQ(all->methods[1].band.size(), all->levels.size());
  EXPECT_EQ(all->methods[1].profile.front(), 1);
  EXPECT_EQ(all->methods[1].profile.back(), 0);
}

// A method of one run is one value of each data set, and not one for each seed.
TEST(Aggregates, OfAMethodOfOneRunCountItOnce) {
  const auto all = aggregates_of(outcome_of_scores());
  EXPECT_EQ(all->methods[0].runs, 2);
  EXPECT_FALSE(all->methods[0].interval);
  EXPECT_FALSE(all->improvements[0].paired);
  EXPECT_DOUBLE_EQ(all->improvements[0].share, (1 + 0.75) / 2);  // 0.55, 0.65 above 0.5; 0.75 as good, 0.85 above 0.75
  EXPECT_TRUE(all->improvements[0].interval);
}

TEST(Aggregates, ComparesRunsOfOneSeed) {
  const auto all = aggregates_of(outcome_of_scores());
  EXPECT_TRUE(all->improvements[1].paired);
  EXPECT_DOUBLE_EQ(all->improvements[1].share, 0.75);
  EXPECT_GE(all->improvements[1].interval->low, 0.5);  // on the second data set each pair is won
}

TEST(Aggregates, AreTheSameEachTimeAndNothingOfSingleRuns) {
  const auto one = aggregates_of(outcome_of_scores()), other = aggregates_of(outcome_of_scores());
  EXPECT_EQ(one->methods[2].interval->low, other->methods[2].interval->low);
  EXPECT_EQ(one->methods[2].band, other->methods[2].band);
  auto single = outcome_of_scores();
  single.scores.resize(1);
  EXPECT_FALSE(aggregates_of(single));
  single.scores.push_back({"theirs", {0}, 2, {0.5, 0.5}});
  EXPECT_FALSE(aggregates_of(single));
}

TEST(Aggregates, StandOnThePageAsOneSection) {
  const auto html = aggregates_section(outcome_of_scores());
  EXPECT_THAT(html, HasSubstr("interquartile mean of all runs; zero-shot: 62.5 %; probe: 70.0 %, "));
  EXPECT_THAT(html, HasSubstr("lora : probe: 75.0 %"));
  EXPECT_THAT(html, HasSubstr("share of runs that score more"));
  EXPECT_THAT(html, HasSubstr("opacity:.15"));
}

TEST(Sections, TellHowFarFeaturesHaveMoved) {
  StudyOutcome outcome{.name = "a", .metric = "accuracy"};
  EXPECT_EQ(alignment_section(outcome), "");
  outcome.alignments = {{"lora<>", "pets", {0.95, 0.97}, {0.9, 0.94}, 512}};
  const auto html = alignment_section(outcome);
  EXPECT_THAT(html, HasSubstr("lora&lt;&gt;"));
  EXPECT_THAT(html, HasSubstr(">0.920<"));
  EXPECT_THAT(html, HasSubstr("0.900 to 0.940"));
  EXPECT_THAT(html, HasSubstr("up to 512 test examples"));
}

TEST(Sections, TellTheIntervalOverDataSetsByItsName) {
  StudyOutcome outcome{.name = "a", .metric = "accuracy"};
  EXPECT_EQ(comparisons_section(outcome), "");
  outcome.comparisons = {{.first = "lora", .second = "probe"}};
  outcome.comparisons[0].sets.resize(3);
  outcome.comparisons[0].wilcoxon_p = 0.03125;
  EXPECT_THAT(comparisons_section(outcome), Not(HasSubstr("other data sets")));
  outcome.comparisons[0].on_other_sets = Interval{-1.25, 3.5};
  const auto html = comparisons_section(outcome);
  EXPECT_THAT(html, HasSubstr("on other data sets<br>of this kind"));
  EXPECT_THAT(html, HasSubstr("On other data sets of this kind: the mean difference of each of the 3"));
  EXPECT_THAT(html, HasSubstr("-1.2 to +3.5"));
  EXPECT_THAT(html, HasSubstr("fewer than six are a look"));
  EXPECT_THAT(html, HasSubstr(">0.031<"));
}

}  // namespace
}  // namespace graft::study
