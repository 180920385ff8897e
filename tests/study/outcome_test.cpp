#include "graft/study/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/study/exports.h"
#include "graft/study/study_page.h"

namespace graft::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Items kItems{{"1.jpg", "2.jpg", "3.jpg", "4.jpg"}, {"cat", "dog"}, {0, 0, 1, 1}};

class Study {
 public:
  Study() {
    spec.name = "small & <odd>";
    spec.models = {{"m", {}}};
    spec.data = {{"a", {}}};
    spec.methods = {
        {"zero-shot", {{"method", "zero-shot"}}}, {"lora", {{"method", "lora"}}}, {"b,i_as", {{"method", "bias"}}}};
    spec.seeds = {1, 2};
  }
  void add(const std::string& method, int64_t seed, std::vector<int64_t> predicted, Outcome outcome = Outcome::done) {
    RunResult run{.identity = method + std::to_string(seed), .cell = {method, "m", "a", 0, seed}, .outcome = outcome};
    run.items = outcome == Outcome::done ? kItems.hash() : "";
    run.count = 4;
    run.machine = "build 1";
    run.seconds = 2;
    run.trained_parameters = 10;
    double right = 0;
    for (size_t i = 0; i < predicted.size(); ++i)
      right += predicted[i] == kItems.labels[i];
    run.probability.assign(predicted.size(), 0.75F);
    run.predicted = std::move(predicted);
    run.scores = {{"accuracy", right / 4}};
    results[run.cell] = run;
  }
  StudyOutcome outcome() const {
    return outcome_of(spec, cells_of(spec), results, [](const std::string&) { return kItems; });
  }
  Spec spec;
  std::map<Cell, RunResult> results;
};

Study full() {
  Study study;
  study.add("zero-shot", 0, {0, 0, 0, 0});
  study.add("lora", 1, {0, 0, 1, 1});
  study.add("lora", 2, {0, 0, 1, 0});
  study.add("b,i_as", 1, {0, 1, 1, 1});
  study.add("b,i_as", 2, {}, Outcome::diverged);
  return study;
}

TEST(Outcome, AMethodThatIsLeftOutOfSomeShotsStandsInTheOthersAlone) {
  auto study = full();
  study.spec.shots = {1, 16};
  study.spec.exclude = {{{"method", {"lora"}}, {"shots", {"1"}}}};
  const auto outcome = study.outcome();
  ASSERT_EQ(outcome.tables.size(), 2u);
  EXPECT_EQ(outcome.tables[0].rows.size(), 2u);
  EXPECT_EQ(outcome.tables[1].rows.size(), 3u);
}

TEST(Outcome, CountsRunsAndPairsThem) {
  const auto outcome = full().outcome();
  EXPECT_EQ(outcome.runs, 5);
  EXPECT_EQ(outcome.there, 5);
  const auto& rows = outcome.tables.at(0).rows;
  EXPECT_THAT(rows[0].cells[0].values, ElementsAre(0.5));
  EXPECT_THAT(rows[1].cells[0].values, ElementsAre(1, 0.75));
  EXPECT_THAT(rows[2].cells[0].values, ElementsAre(0.75, 0));  // a run that diverged is right for none
  EXPECT_EQ(rows[2].cells[0].diverged, 1);
  EXPECT_EQ(*rows[1].mean_rank, 1);
  ASSERT_EQ(outcome.comparisons.size(), 3U);
  const auto& lora = outcome.comparisons[0];
  EXPECT_EQ(lora.first, "lora");
  EXPECT_EQ(lora.second, "zero-shot");
  EXPECT_THAT(lora.sets[0].won, ElementsAre(2, 1));
  EXPECT_EQ(lora.sets[0].items, 4);
  EXPECT_EQ(lora.verdict, Verdict::too_few);
}

TEST(Outcome, OfWhatIsThereSaysWhatIsNot) {
  auto study = full();
  study.results.erase({"lora", "m", "a", 0, 2});
  study.results[{"b,i_as", "m", "a", 0, 1}].outcome = Outcome::failed;
  const auto outcome = study.outcome();
  EXPECT_EQ(outcome.there, 3);
  EXPECT_EQ(outcome.tables[0].rows[1].cells[0].missing, 1);
  EXPECT_EQ(outcome.tables[0].rows[2].cells[0].failed, 1);
  EXPECT_EQ(outcome.failures.size(), 2U);  // one failed, one diverged
}

TEST(Outcome, OnlyComparesWithTheBaselineThatWasNamed) {
  auto study = full();
  study.spec.question.against = "zero-shot";
  const auto outcome = study.outcome();
  ASSERT_EQ(outcome.comparisons.size(), 2U);
  for (const auto& comparison : outcome.comparisons)
    EXPECT_EQ(comparison.second, "zero-shot");
}

// The crossed interval's cells: examples count by how rare their class is, and their mean is the metric's difference.
TEST(Outcome, OfTheMeanOverClassesExamplesAreWeighed) {
  const Items uneven{{"1", "2", "3", "4"}, {"cat", "dog"}, {0, 0, 0, 1}};
  Study study;
  study.spec.methods = {{"lora", {{"method", "lora"}}}, {"bias", {{"method", "bias"}}}};
  study.spec.question.metric = "mean_per_class";
  for (const int64_t seed : {1, 2}) {
    study.add("lora", seed, {0, 0, 0, 0});
    study.add("bias", seed, {0, 1, 1, 1});
    study.results[{"lora", "m", "a", 0, seed}].scores["mean_per_class"] = 0.5;
    study.results[{"bias", "m", "a", 0, seed}].scores["mean_per_class"] = (1.0 / 3 + 1) / 2;
  }
  for (auto& [cell, run] : study.results)
    run.items = uneven.hash();
  const auto outcome = outcome_of(design_of(study.spec), cells_of(study.spec), study.results,
                                  [&](const std::string&) { return uneven; });
  const auto& set = outcome.comparisons.at(0).sets.at(0);
  ASSERT_EQ(set.cells.size(), 8U);
  double mean = 0;
  for (const double cell : set.cells)
    mean += cell / 8;
  EXPECT_NEAR(100 * mean, set.points[0], 1e-9);
  EXPECT_TRUE(set.won.empty());
}

TEST(Outcome, AMetricThatRunsDoNotHaveIsRefusedByName) {
  auto study = full();
  study.spec.question.metric = "acuracy";
  try {
    study.outcome();
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("Did you mean 'accuracy'"));
  }
}

TEST(Outcome, RunsOnOtherExamplesAreNotPaired) {
  auto study = full();
  study.results[{"lora", "m", "a", 0, 1}].items = "other";
  EXPECT_THROW(study.outcome(), DataError);
}

// The first rung whose distance to the best is shown to stay below the margin.
TEST(Ladder, NamesTheCheapestMethodThatIsNotWorse) {
  Study study;
  study.spec.methods = {
      {"probe", {{"method", "linear-probe"}}}, {"lora", {{"method", "lora"}}}, {"full", {{"method", "full"}}}};
  study.spec.seeds = {1, 2, 3};
  study.spec.question.ladder = true;
  study.spec.question.margin = 10;
  for (const int64_t seed : {1, 2, 3}) {
    study.add("probe", seed, {0, 1, 1, 0});
    study.add("lora", seed, {0, 0, 1, 0});
    study.add("full", seed, {0, 0, 1, 0});
  }
  study.results[{"full", "m", "a", 0, 2}].scores["accuracy"] = 0.80;  // a little better than lora, seldom
  auto rung = study.outcome().ladder.at(0);
  EXPECT_EQ(rung.best, "full");
  EXPECT_EQ(rung.enough, "lora");
  EXPECT_LT(rung.worse_at_most, 10);
  EXPECT_THAT(print(rung), HasSubstr("a, all labels: lora is enough"));
  study.spec.question.margin = 1;
  rung = study.outcome().ladder.at(0);
  EXPECT_EQ(rung.enough, "full");
  EXPECT_THAT(print(rung), HasSubstr("no cheaper method is shown to be as good"));
}

// One run of zero-shot is one run, however many it is compared with.
TEST(Outcome, AMethodOfOneRunIsCountedOnceWhereMethodsDiffer) {
  auto study = full();
  study.spec.methods.pop_back();
  const auto outcome = study.outcome();
  ASSERT_TRUE(outcome.details);
  ASSERT_EQ(outcome.details->disagreements.size(), 2U);
  const auto& first = outcome.details->disagreements[0];  // 3.jpg, of which zero-shot is never right
  EXPECT_EQ(first.file, "3.jpg");
  EXPECT_EQ(first.first_right, 2);
  EXPECT_EQ(first.first_runs, 2);
  EXPECT_EQ(first.second_right, 0);
  EXPECT_EQ(first.second_runs, 1);
  EXPECT_EQ(outcome.details->classes.back().points, 75);
  const auto page = to_html(outcome, {.command = "graft compare s.yaml", .environment = {}});
  EXPECT_THAT(page, HasSubstr("lora right in 2 of 2, zero-shot in 0 of 1"));
}

TEST(Outcome, KeepsHowFarFeaturesHaveMoved) {
  auto study = full();
  EXPECT_TRUE(study.outcome().alignments.empty());  // of an older graft
  for (const int64_t seed : {1, 2}) {
    study.results[{"lora", "m", "a", 0, seed}].alignment = {0.9, seed == 1 ? 0.5 : std::nan("")};
    study.results[{"lora", "m", "a", 0, seed}].aligned = 4;
  }
  const auto outcome = study.outcome();
  ASSERT_EQ(outcome.alignments.size(), 1U);
  EXPECT_EQ(outcome.alignments[0].method, "lora");
  EXPECT_THAT(outcome.alignments[0].plain, ElementsAre(0.9, 0.9));
  EXPECT_THAT(outcome.alignments[0].debiased, ElementsAre(0.5));
}

TEST(Exports, HaveARowAComparisonWithEveryP) {
  const auto csv = comparisons_csv(full().outcome());
  EXPECT_THAT(csv, HasSubstr("other_sets_high,test,p,p_holm,wilcoxon_p\n"));
  // Two pairs won: sign flips and signed ranks of two are 2 / 2^2.
  EXPECT_THAT(csv, HasSubstr("lora,zero-shot,too few,37.500000,2,"));
  EXPECT_THAT(csv, HasSubstr(",sign-flip,0.5,1,0.5\n"));
}

TEST(Exports, SayTheSameNumbersInEachFormat) {
  const auto outcome = full().outcome();
  EXPECT_THAT(to_csv(outcome), HasSubstr("0,lora,a,2,0.875000,"));
  EXPECT_THAT(to_csv(outcome), HasSubstr("0,\"b,i_as\",a,2,0.375000,"));
  EXPECT_THAT(to_markdown(outcome), HasSubstr("| lora | 10 | 87.5"));
  EXPECT_THAT(to_latex(outcome), HasSubstr("b,i\\_as & 10 & 37.5"));
  EXPECT_THAT(to_latex(outcome), HasSubstr("% small \\& <odd>"));
}

TEST(StudyPage, EscapesNamesAndShowsWhereMethodsDiffer) {
  const auto page = to_html(full().outcome(), {.command = "graft compare s.yaml", .environment = {}});
  EXPECT_THAT(page, HasSubstr("small &amp; &lt;odd&gt;"));
  EXPECT_THAT(page, HasSubstr("where they differ most"));
  EXPECT_THAT(page, HasSubstr("Calibration"));
  EXPECT_THAT(page, testing::Not(HasSubstr("http")));
}

}  // namespace
}  // namespace graft::study
