// kill -9 at any moment and a disk that fills up: nothing is lost, and the run ends on the same bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "graft/core/random.h"
#include "graft/train/checkpoint.h"
#include "graft/train/run_folder.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t kSteps = 90;  // 18 photos in batches of 6, 30 epochs

class InterruptedRun : public ::testing::Test {
 protected:
  InterruptedRun() { testing::make_tiny_world(folder_.path()); }

  pid_t start(const std::string& run, const std::string& largest_file = "") {
    const std::string world = folder_.path().string(), output = (folder_ / run).string();
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(GRAFT_RUN_CHILD, GRAFT_RUN_CHILD, world.c_str(), output.c_str(),
              largest_file.empty() ? nullptr : largest_file.c_str(), nullptr);
      ::_exit(127);
    }
    return child;
  }
  // Returns when the child has written that step's checkpoint or a later one, or has ended.
  static void wait_for_step(pid_t child, const fs::path& checkpoints, int64_t step) {
    siginfo_t ended{};
    while (ended.si_pid == 0) {
      std::error_code none_yet;
      for (const auto& entry : fs::directory_iterator(checkpoints, none_yet)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("step-") && name >= train::checkpoint_name(step).string()) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
    }
  }
  static int exit_code(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void expect_same(const std::string& one, const std::string& other) {
    for (const char* file : {"adapter_model.safetensors", "predictions.jsonl", "config.yaml"}) {
      EXPECT_EQ(content_of(folder_ / one / file), content_of(folder_ / other / file)) << file;
    }
    const auto a = train::read_metrics(folder_ / one / "metrics.jsonl"),
               b = train::read_metrics(folder_ / other / "metrics.jsonl");
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(std::tie(a[i].step, a[i].epoch, a[i].split, a[i].loss),
                std::tie(b[i].step, b[i].epoch, b[i].split, b[i].loss));
    }
  }

  TempFolder folder_;
};

TEST_F(InterruptedRun, KilledAtAnyMomentItEndsOnTheSameBits) {
  const auto began = Clock::now();
  ASSERT_EQ(exit_code(start("whole")), 0);
  const auto whole = Clock::now() - began;

  Random random(static_cast<uint64_t>(began.time_since_epoch().count()));  // another moment each time
  SCOPED_TRACE(fmt::format("seed {}", random.seed()));
  const fs::path checkpoints = folder_ / "killed" / "checkpoints";
  int in_the_middle = 0;
  for (int kill = 0; kill < 40 && in_the_middle < 4; ++kill) {
    const auto before = train::load_last_checkpoint(checkpoints);
    const pid_t child = start("killed");
    if (kill % 2 == 1) wait_for_step(child, checkpoints, before ? before->step + 1 : 1);  // else also before training
    std::this_thread::sleep_for(
        std::chrono::duration_cast<std::chrono::microseconds>(whole * (0.5 * random.uniform())));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto checkpoint = train::load_last_checkpoint(checkpoints);
    if (checkpoint && checkpoint->finished) {
      fs::remove_all(folder_ / "killed");  // too late: from the start again
    } else {
      in_the_middle += checkpoint.has_value();
    }
  }
  EXPECT_GT(in_the_middle, 0);
  ASSERT_EQ(exit_code(start("killed")), 0);
  expect_same("whole", "killed");
}

TEST_F(InterruptedRun, AFullDiskIsAnErrorThatLosesNothing) {
  ASSERT_EQ(exit_code(start("whole")), 0);
  const auto checkpoint = fs::file_size(folder_ / "whole" / "checkpoints" / "last" / "state.safetensors");
  const auto record = fs::file_size(folder_ / "whole" / "metrics.jsonl");
  const auto enough_for_checkpoints = std::max<uintmax_t>(checkpoint, record / 2);
  ASSERT_GT(record, enough_for_checkpoints);
  // No room for a checkpoint at all; then room for checkpoints, but not for the whole record.
  EXPECT_EQ(exit_code(start("starved", std::to_string(checkpoint / 2))), 3);
  EXPECT_FALSE(train::load_last_checkpoint(folder_ / "starved" / "checkpoints"));
  EXPECT_EQ(exit_code(start("starved", std::to_string(enough_for_checkpoints))), 3);
  ASSERT_TRUE(train::load_last_checkpoint(folder_ / "starved" / "checkpoints"));
  ASSERT_EQ(exit_code(start("starved")), 0);
  EXPECT_EQ(train::load_last_checkpoint(folder_ / "starved" / "checkpoints")->step, kSteps);
  expect_same("whole", "starved");
}

}  // namespace
}  // namespace graft::pipelines
