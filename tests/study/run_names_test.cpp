#include "graft/study/run_names.h"

#include <gmock/gmock.h>

#include "tests/io/expect_error.h"

namespace graft::study {
namespace {

using testing::ElementsAre;

std::vector<std::pair<std::string, int64_t>> runs(const std::vector<std::filesystem::path>& files) {
  std::vector<std::pair<std::string, int64_t>> all;
  for (const auto& run : name_runs(files).runs)
    all.emplace_back(run.method, run.seed);
  return all;
}
using OfMethod = std::pair<std::string, int64_t>;

TEST(RunNames, FilesOfOneFolderAreAMethodEach) {
  EXPECT_THAT(runs({"out/vpt.csv", "out/lora.jsonl"}), ElementsAre(OfMethod("vpt", 0), OfMethod("lora", 0)));
  EXPECT_THAT(runs({"resnet_50.csv", "resnet_18.csv"}),
              ElementsAre(OfMethod("resnet_50", 0), OfMethod("resnet_18", 0)));
  EXPECT_THAT(name_runs({"vpt.csv", "lora.csv"}).methods, ElementsAre("vpt", "lora"));
}

TEST(RunNames, FilesOfSeveralFoldersAreRunsOfTheirFoldersAndPairByName) {
  const auto names = name_runs({"a/seed1.jsonl", "a/seed2.jsonl", "b/seed2.csv", "b/seed1.csv"});
  EXPECT_THAT(names.methods, ElementsAre("a", "b"));
  EXPECT_THAT(names.seeds, ElementsAre(1, 2));
  EXPECT_EQ(names.runs[2].seed, 2);
  EXPECT_EQ(names.runs[3].seed, 1);
  EXPECT_EQ(names.said, "runs of one name are a pair: seed1, seed2");
  EXPECT_THAT(runs({"a/mon.csv", "a/tue.csv", "b/mon.csv", "b/tue.csv"}),
              ElementsAre(OfMethod("a", 1), OfMethod("a", 2), OfMethod("b", 1), OfMethod("b", 2)));
}

TEST(RunNames, RunsWithOtherNamesPairByTheNumberInThem) {
  const auto names = name_runs({"a/lora_seed3.csv", "a/lora_seed11.csv", "b/x-s11.csv", "b/y_3.csv"});
  EXPECT_THAT(names.seeds, ElementsAre(3, 11));
  EXPECT_EQ(names.runs[0].seed, 3);
  EXPECT_EQ(names.runs[2].seed, 11);
  EXPECT_EQ(names.runs[3].seed, 3);
  EXPECT_EQ(names.said, "runs of one number are a pair: 3, 11");
  EXPECT_THAT(runs({"a/r16_seed01_best.csv", "a/r16_seed02_best.csv", "b/1.csv", "b/2.csv"}),
              ElementsAre(OfMethod("a", 1), OfMethod("a", 2), OfMethod("b", 1), OfMethod("b", 2)));
}

TEST(RunNames, FilesOfOneNameAreTheirFolders) {
  EXPECT_THAT(runs({"runs/lora/predictions.jsonl", "runs/vpt/predictions.jsonl"}),
              ElementsAre(OfMethod("lora", 0), OfMethod("vpt", 0)));
  EXPECT_THAT(runs({"x/lora/predictions.jsonl", "y/vpt/predictions.jsonl"}),
              ElementsAre(OfMethod("lora", 0), OfMethod("vpt", 0)));
  EXPECT_THAT(runs({"lora/seed1/predictions.jsonl", "lora/seed2/predictions.jsonl", "vpt/seed1/predictions.jsonl",
                    "vpt/seed2/predictions.jsonl"}),
              ElementsAre(OfMethod("lora", 1), OfMethod("lora", 2), OfMethod("vpt", 1), OfMethod("vpt", 2)));
}

TEST(RunNames, AFileBesideAMethodsFolderIsAMethodOfItsOwn) {
  EXPECT_THAT(runs({"lora/predictions.jsonl", "theirs.csv"}), ElementsAre(OfMethod("lora", 0), OfMethod("theirs", 0)));
}

TEST(RunNames, SeedsInTheNamesOfOneFoldersFilesAreRuns) {
  EXPECT_THAT(runs({"lora_seed1.csv", "lora_seed2.csv", "vpt-seed1.csv", "vpt-seed2.csv"}),
              ElementsAre(OfMethod("lora", 1), OfMethod("lora", 2), OfMethod("vpt", 1), OfMethod("vpt", 2)));
}

TEST(RunNames, AMethodsOnlyRunGoesWithEachOfTheOthers) {
  const auto names = name_runs({"lora/seed1.csv", "lora/seed2.csv", "zero-shot.csv"});
  EXPECT_THAT(names.methods, ElementsAre("lora", "zero-shot"));
  EXPECT_THAT(names.once, ElementsAre("zero-shot"));
  EXPECT_THAT(names.seeds, ElementsAre(1, 2));
  EXPECT_EQ(names.runs[2].seed, 0);
  EXPECT_EQ(names.said, "the one run of zero-shot goes with each of lora's");
  const auto three = name_runs({"a/s1.csv", "a/s2.csv", "b/s2.csv", "b/s1.csv", "zs/predictions.csv"});
  EXPECT_THAT(three.once, ElementsAre("zs"));
  EXPECT_EQ(three.said, "runs of one name are a pair: s1, s2; the one run of zs goes with each");
  EXPECT_THAT(runs({"lora_seed1.csv", "lora_seed2.csv", "clip-16.csv"}),
              ElementsAre(OfMethod("lora", 1), OfMethod("lora", 2), OfMethod("clip-16", 0)));
  EXPECT_THAT(runs({"r/lora/seed1/predictions.jsonl", "r/lora/seed2/predictions.jsonl", "r/zs/predictions.jsonl"}),
              ElementsAre(OfMethod("lora", 1), OfMethod("lora", 2), OfMethod("zs", 0)));
  EXPECT_THAT(name_runs({"a.csv", "b.csv"}).once, testing::IsEmpty());
}

TEST(RunNames, RunsThatDoNotPairAreListed) {
  EXPECT_ERROR(runs({"a/seed1.csv", "a/seed2.csv", "b/seed1.csv"}), ConfigError,
               "There are\n  a: 2 (seed1, seed2)\n  b: 1 (seed1)");
  EXPECT_ERROR(runs({"a/seed1.csv", "a/seed2.csv", "b/seed1.csv", "b/seed3.csv"}), ConfigError, "b: 2 (seed1, seed3)");
  EXPECT_ERROR(runs({"a/x.csv", "a/y.csv", "b/v.csv", "b/w.csv"}), ConfigError, "are no pairs");
}

TEST(RunNames, OneMethodARunTwiceAndTwoFoldersOfOneNameAreRefused) {
  EXPECT_ERROR(runs({"a.csv"}), ConfigError, "there is one method, 'a', and nothing to compare it with");
  EXPECT_ERROR(runs({"a/seed1.csv", "a/seed1.jsonl", "b/seed1.csv", "b/seed2.csv"}), ConfigError,
               "a/seed1.jsonl: the run 'seed1' of 'a' is given twice");
  EXPECT_ERROR(runs({"x/a/seed1.csv", "x/a/seed2.csv", "y/a/seed1.csv", "y/a/seed2.csv"}), ConfigError,
               "two folders are called 'a'");
}

}  // namespace
}  // namespace graft::study
