#include "graft/study/run_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graft/core/error.h"

namespace graft::study {
namespace {

RunResult some_run() {
  RunResult run{.identity = "ab12", .cell = {"lora", "clip", "a", 4, 2}};
  run.options = {{"method", "lora"}, {"rank", "4"}};
  run.machine = "build x";
  run.trained_parameters = 36'864;
  run.seconds = 1.25;
  run.count = 3;
  run.scores = {{"accuracy", 2.0 / 3}};
  run.loss = 0.25;
  run.val = 0.5;
  run.items = "cd34";
  run.predicted = {0, 1, 1};
  run.probability = {0.9F, 0.1F, 1.0F / 3};
  return run;
}

TEST(RunResult, ReadsBackToTheLastBit) {
  const auto run = some_run();
  const auto read = parse_run_result(to_json(run), "f");
  EXPECT_EQ(to_json(read), to_json(run));
  EXPECT_EQ(read.scores.at("accuracy"), 2.0 / 3);
  EXPECT_EQ(read.probability, run.probability);
  EXPECT_EQ(read.cell, run.cell);
}

TEST(RunResult, OfAnOlderGraftSaysNothingOfHowFeaturesHaveMoved) {
  EXPECT_FALSE(parse_run_result(to_json(some_run()), "f").alignment);
  auto run = some_run();
  run.alignment = {0.875, 1.0 / 3};
  run.aligned = 512;
  const auto read = parse_run_result(to_json(run), "f");
  EXPECT_EQ(read.alignment->plain, 0.875);
  EXPECT_EQ(read.alignment->debiased, 1.0 / 3);
  EXPECT_EQ(read.aligned, 512);
  run.alignment->debiased = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(parse_run_result(to_json(run), "f").alignment->debiased));
}

TEST(RunResult, ThatIsNoneIsRefused) {
  EXPECT_THROW(parse_run_result("{}", "f"), FileError);
  EXPECT_THROW(parse_run_result("{\"kind\": \"run\", \"version\": 2}", "f"), FileError);
  EXPECT_THROW(parse_run_result(to_json(some_run()).substr(0, 200), "f"), FileError);
  auto short_one = some_run();
  short_one.predicted.pop_back();
  EXPECT_THROW(parse_run_result(to_json(short_one), "f"), FileError);
}

TEST(Items, AreKnownByTheirContentAndOrder) {
  const Items items{{"a.jpg", "b.jpg"}, {"cat", "dog"}, {0, 1}};
  EXPECT_EQ(parse_items(to_json(items), "f").hash(), items.hash());
  EXPECT_NE((Items{{"b.jpg", "a.jpg"}, {"cat", "dog"}, {0, 1}}.hash()), items.hash());
  EXPECT_NE((Items{{"a.jpg", "b.jpg"}, {"cat", "dog"}, {1, 0}}.hash()), items.hash());
  EXPECT_THROW(parse_items(to_json(Items{{"a.jpg"}, {"cat"}, {1}}), "f"), FileError);
}

}  // namespace
}  // namespace graft::study
