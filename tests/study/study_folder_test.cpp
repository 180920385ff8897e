#include "graft/study/study_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "graft/core/error.h"
#include "tests/support/temp_folder.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;

RunResult run_of(const std::string& identity, Outcome outcome = Outcome::done) {
  RunResult run{.identity = identity, .cell = {"lora", "clip", "a", 4, 2}};
  run.outcome = outcome;
  return run;
}

TEST(StudyFolder, KeepsResultsAndFindsThemAgain) {
  TempFolder root;
  StudyFolder folder(root.path() / "s");
  EXPECT_FALSE(folder.find("ab"));
  folder.add(run_of("ab"));
  EXPECT_EQ(StudyFolder(root.path() / "s").find("ab")->cell.method, "lora");
  const Items items{{"a.jpg"}, {"cat"}, {0}};
  EXPECT_EQ(folder.items(folder.add(items)).files, items.files);
}

TEST(StudyFolder, WritesNothingWhereItOnlyLooks) {
  TempFolder root;
  StudyFolder folder(root.path() / "s", StudyFolder::Access::look);
  EXPECT_FALSE(folder.find("ab"));
  EXPECT_FALSE(fs::exists(root.path() / "s"));
}

TEST(StudyFolder, IsNotMadeOfSomethingElse) {
  TempFolder root;
  std::ofstream(root.path() / "precious.txt") << "mine";
  EXPECT_THROW(StudyFolder{root.path()}, ConfigError);
  EXPECT_THROW(StudyFolder{root.path() / "precious.txt"}, FileError);
  fs::create_directories(root.path() / "newer");
  std::ofstream(root.path() / "newer" / "study.json") << "{\"kind\": \"study\", \"version\": 2}";
  EXPECT_THROW(StudyFolder{root.path() / "newer"}, ConfigError);
}

// Also where the process that had it was killed.
TEST(StudyFolder, ARunIsHadByOneProcessAtATime) {
  TempFolder root;
  StudyFolder folder(root.path() / "s");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = folder.claim("ab");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(held ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(folder.claim("ab"));
  EXPECT_TRUE(folder.claim("cd"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(folder.claim("ab"));
}

TEST(StudyFolder, TakesTheRunsOfAnotherMachineThatItLacks) {
  TempFolder root;
  StudyFolder here(root.path() / "here"), there(root.path() / "there");
  here.add(run_of("a"));
  here.add(run_of("b", Outcome::failed));
  there.add(run_of("a"));
  there.add(run_of("b"));
  there.add(run_of("c"));
  EXPECT_EQ(here.take_from(root.path() / "there"), 2);
  EXPECT_EQ(here.find("b")->outcome, Outcome::done);
  EXPECT_TRUE(here.find("c"));
  EXPECT_THROW(here.take_from(root.path()), FileError);
}

TEST(StudyFolder, AFileThatWasChangedIsRefusedByItsName) {
  TempFolder root;
  StudyFolder folder(root.path() / "s");
  std::ofstream(root.path() / "s" / "runs" / "ab.json") << to_json(run_of("cd"));
  EXPECT_THROW(folder.find("ab"), FileError);
}

}  // namespace
}  // namespace graft::study
