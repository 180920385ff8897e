#include "graft/train/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "graft/core/error.h"
#include "tests/support/tiny_world.h"

namespace graft::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Metric step(int64_t number) {
  return {number, 1, "train", 0.5, {}, 1e-3, 2.0, 100.0, 1.7e9 + number};
}

template <class Function>
std::string error_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(RunFolder, AFolderThatHoldsSomethingIsRefusedUnlessForced) {
  const TempFolder folder;
  const fs::path run = folder / "run";
  { RunFolder::create(run, false, {{"lr", "1"}}); }
  EXPECT_THAT(error_of([&] { RunFolder::create(run, false, {}); }), HasSubstr("holds a run already"));
  std::ofstream(run / "metrics.jsonl") << "{}\n";
  std::ofstream(run / "notes.txt") << "mine";
  { RunFolder::create(run, true, {{"lr", "2"}}); }
  EXPECT_FALSE(fs::exists(run / "metrics.jsonl"));
  EXPECT_EQ(content_of(run / "notes.txt"), "mine");
  EXPECT_EQ(content_of(run / "config.yaml"), "lr: 2\n");
  fs::create_directory(folder / "other");
  std::ofstream(folder / "other" / "photo.jpg") << "x";
  EXPECT_THAT(error_of([&] { RunFolder::check_output(folder / "other", false); }), HasSubstr("not empty"));
  EXPECT_THAT(error_of([&] { RunFolder::check_output(folder / "other" / "photo.jpg", true); }), HasSubstr("is a file"));
}

TEST(RunFolder, ASecondProcessIsToldWhoHoldsIt) {
  const TempFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = RunFolder::create(folder / "run", false, {});
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    for (;;)
      ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(error_of([&] { RunFolder::reopen(folder / "run"); }),
              HasSubstr(fmt::format("in use by process {}", child)));
  EXPECT_THAT(error_of([&] { RunFolder::create(folder / "run", true, {}); }), HasSubstr("in use by process"));
  EXPECT_TRUE(fs::exists(folder / "run" / "config.yaml"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(error_of([&] { RunFolder::reopen(folder / "run"); }), "no error");  // a killed process holds nothing
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(RunFolder, TheRecordIsCutToTheCheckpointAndItsCopiesFollow) {
  const TempFolder folder;
  int64_t at_checkpoint = 0;
  {
    auto run = RunFolder::create(folder / "run", false, {});
    run.start_metrics(0, {"accuracy"});
    run.add(step(1));
    run.add(step(2));
    at_checkpoint = run.sync_metrics();
    run.add(step(3));
  }
  auto run = RunFolder::reopen(folder / "run");
  run.start_metrics(at_checkpoint, {"accuracy"});
  run.add(step(3));
  run.sync_metrics();
  const auto metrics = read_metrics(folder / "run" / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_EQ(metrics[2].step, 3);
  EXPECT_DOUBLE_EQ(metrics[0].lr, 1e-3);
  EXPECT_TRUE(std::isnan(metrics[0].score("accuracy")));
  const std::string csv = content_of(folder / "run" / "metrics.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_THAT(
      csv, HasSubstr("step,epoch,split,loss,accuracy,lr,grad_norm,examples_per_s,time\n1,1,train,0.5,,0.001,2,100,"));
  int events = 0;
  for (const auto& entry : fs::directory_iterator(folder / "run")) {
    events += entry.path().filename().string().starts_with("events.out.tfevents.");
  }
  EXPECT_EQ(events, 1);
}

TEST(RunFolder, ARecordOfTheFirstKindIsRead) {
  const TempFolder folder;
  std::ofstream(folder / "metrics.jsonl")
      << ("{\"step\":3,\"epoch\":1,\"split\":\"val\",\"loss\":0.5,\"accuracy\":0.75,\"time\":8}\n"
          "{\"step\":4,\"epoch\":1,\"split\":\"train\",\"loss\":0.25,\"images_per_s\":100,\"time\":9}\n");
  const auto metrics = read_metrics(folder / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].scores, (NamedScores{{"accuracy", 0.75}}));
  EXPECT_EQ(metrics[1].examples_per_s, 100);
  EXPECT_TRUE(metrics[1].scores.empty());
}

TEST(RunFolder, ARecordShorterThanTheCheckpointSaysIsAnError) {
  const TempFolder folder;
  auto run = RunFolder::create(folder / "run", false, {});
  EXPECT_THROW(run.start_metrics(10, {}), FileError);
}

TEST(RunFolder, WhatIsNoRunCannotBeReopened) {
  const TempFolder folder;
  EXPECT_THROW(RunFolder::reopen(folder.path()), FileError);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace graft::train
