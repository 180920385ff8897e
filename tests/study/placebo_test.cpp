// A method that is another plus the noise of its seed wins in at most one study of twenty: the whole way from
// predictions to the verdict.
#include <gtest/gtest.h>

#include "graft/core/random.h"
#include "graft/study/outcome.h"

namespace graft::study {
namespace {

constexpr int64_t kStudies = 200, kExamples = 120, kSeeds = 8;

// Runs of `methods` methods on two data sets, all right with the same probability on an example, each with its own
// noise.
StudyOutcome study_of_placebos(int64_t number, int64_t methods, bool anytime) {
  Spec spec;
  spec.name = "placebo";
  spec.models = {{"m", {}}};
  spec.data = {{"a", {}}, {"b", {}}};
  spec.question.stop_when_decided = anytime;
  for (int64_t m = 0; m < methods; ++m)
    spec.methods.push_back({"method" + std::to_string(m), {{"method", "lora"}}});
  spec.seeds.clear();
  for (int64_t seed = 1; seed <= kSeeds; ++seed)
    spec.seeds.push_back(seed);
  std::map<std::string, Items> items;
  std::map<Cell, RunResult> results;
  for (const auto& data : spec.data) {
    Random ease = Random(7).fork(data.name).fork(static_cast<uint64_t>(number));
    Items of_data{{}, {"no", "yes"}, {}};
    std::vector<double> chances;
    for (int64_t i = 0; i < kExamples; ++i) {
      of_data.files.push_back(std::to_string(i));
      of_data.labels.push_back(1);
      chances.push_back(ease.uniform());
    }
    const std::string hash = of_data.hash() + data.name;
    items[hash] = of_data;
    for (const auto& method : spec.methods) {
      for (const auto seed : spec.seeds) {
        Random noise = Random(11).fork(data.name).fork(method.name).fork(static_cast<uint64_t>(1000 * number + seed));
        RunResult run;
        run.cell = {method.name, "m", data.name, 0, seed};
        run.identity = print(run.cell) + std::to_string(number);
        run.items = hash;
        run.count = kExamples;
        double right = 0;
        for (const double chance : chances) {
          run.predicted.push_back(noise.uniform() < chance);
          run.probability.push_back(0.5F);
          right += static_cast<double>(run.predicted.back());
        }
        run.scores["accuracy"] = right / kExamples;
        results[run.cell] = std::move(run);
      }
    }
  }
  return outcome_of(spec, cells_of(spec), results, [&](const std::string& hash) { return items.at(hash); });
}

int64_t studies_with_a_win(int64_t methods, bool anytime) {
  int64_t wins = 0;
  for (int64_t number = 0; number < kStudies; ++number) {
    bool win = false;
    for (const auto& comparison : study_of_placebos(number, methods, anytime).comparisons)
      win = win || comparison.verdict == Verdict::better || comparison.verdict == Verdict::worse;
    wins += win;
  }
  return wins;
}

TEST(Placebo, WinsInAtMostOneStudyOfTwenty) {
  EXPECT_LE(studies_with_a_win(2, false), kStudies / 20);
}

TEST(Placebo, DoesNotWinMoreOftenAmongMany) {
  EXPECT_LE(studies_with_a_win(4, false), kStudies / 20);
}

TEST(Placebo, DoesNotWinMoreOftenWhenStudiesAreWatched) {
  EXPECT_LE(studies_with_a_win(2, true), kStudies / 20);
}

}  // namespace
}  // namespace graft::study
