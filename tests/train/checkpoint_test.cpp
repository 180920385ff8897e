#include "graft/train/checkpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>

#include "graft/core/error.h"
#include "tests/support/tiny_world.h"

namespace graft::train {
namespace {

namespace fs = std::filesystem;

Checkpoint sample(int64_t step) {
  Checkpoint c;
  c.identity = "abc";
  c.step = step;
  c.epoch = 2;
  c.batch = 5;
  c.metrics_bytes = 1234;
  c.best_score = 0.1 + 0.2;
  c.best_epoch = 1;
  c.optimizer_steps = step;
  c.loss_sum = 1.0 / 3;
  c.weight_sum = 7;
  c.parameters = {{"head.weight", torch::arange(6, at::kFloat).view({2, 3})}};
  c.optimizer = {{"head.weight.momentum", torch::full({2, 3}, 0.5)}};
  c.best = {{"head.weight", torch::ones({2, 3})}};
  return c;
}

TEST(Checkpoint, GivesBackWhatWasSaved) {
  const TempFolder folder;
  const auto saved = sample(131);
  const auto path = save_checkpoint(folder / "checkpoints", saved, 2);
  EXPECT_EQ(path.filename(), "step-000131");
  const auto loaded = load_last_checkpoint(folder / "checkpoints").value();
  EXPECT_EQ(loaded.identity, saved.identity);
  EXPECT_EQ(loaded.step, 131);
  EXPECT_EQ(loaded.epoch, 2);
  EXPECT_EQ(loaded.batch, 5);
  EXPECT_EQ(loaded.metrics_bytes, 1234);
  EXPECT_EQ(loaded.best_score, saved.best_score);  // to the bit
  EXPECT_EQ(loaded.loss_sum, saved.loss_sum);
  EXPECT_EQ(loaded.weight_sum, 7);
  EXPECT_FALSE(loaded.finished);
  EXPECT_TRUE(torch::equal(loaded.parameters.at("head.weight"), saved.parameters.at("head.weight")));
  EXPECT_TRUE(torch::equal(loaded.optimizer.at("head.weight.momentum"), saved.optimizer.at("head.weight.momentum")));
  EXPECT_TRUE(torch::equal(loaded.best.at("head.weight"), saved.best.at("head.weight")));
}

TEST(Checkpoint, OneOfTheFirstVersionIsReadAndOneOfALaterIsRefused) {
  const TempFolder folder;
  save_checkpoint(folder.path(), sample(3), 2);
  const auto file = folder / "step-000003" / "state.json";
  const auto state = [&](const std::string& version, const std::string& best, const std::string& sum) {
    std::ofstream(file) << fmt::format(
        "{{\"version\": {}, \"identity\": \"abc\", \"step\": 3, \"epoch\": 2, \"batch\": 5, \"metrics_bytes\": 9, "
        "\"{}\": 0.75, "
        "\"best_epoch\": 1, \"optimizer_steps\": 3, \"finished\": false, \"loss_sum\": 1.5, \"{}\": 7}}",
        version, best, sum);
  };
  state("1", "best_accuracy", "loss_count");
  const auto first = load_last_checkpoint(folder.path()).value();
  EXPECT_EQ(first.best_score, 0.75);
  EXPECT_EQ(first.weight_sum, 7);
  state("3", "best_score", "weight_sum");
  EXPECT_THROW(load_last_checkpoint(folder.path()), FileError);
}

TEST(Checkpoint, KeepsTheNewestAndPointsAtIt) {
  const TempFolder folder;
  for (const int64_t step : {9, 10, 999'999, 1'000'000})
    save_checkpoint(folder.path(), sample(step), 2);
  EXPECT_FALSE(fs::exists(folder / "step-000010"));
  EXPECT_TRUE(fs::exists(folder / "step-999999"));
  EXPECT_EQ(fs::read_symlink(folder / "last"), "step-1000000");
  EXPECT_EQ(load_last_checkpoint(folder.path())->step, 1'000'000);
}

TEST(Checkpoint, AHalfWrittenOneIsNotSeenAndIsRemoved) {
  const TempFolder folder;
  save_checkpoint(folder.path(), sample(1), 2);
  fs::create_directory(folder / ".partial-step-000002");
  std::ofstream(folder / ".partial-step-000002" / "state.json") << "{";
  EXPECT_EQ(load_last_checkpoint(folder.path())->step, 1);
  save_checkpoint(folder.path(), sample(2), 2);
  EXPECT_FALSE(fs::exists(folder / ".partial-step-000002"));
  EXPECT_EQ(load_last_checkpoint(folder.path())->step, 2);
}

TEST(Checkpoint, NoneIsNothingAndDamageIsAnError) {
  const TempFolder folder;
  EXPECT_FALSE(load_last_checkpoint(folder / "absent"));
  save_checkpoint(folder.path(), sample(1), 2);
  std::ofstream(folder / "step-000001" / "state.json") << "{\"step\": 1";
  EXPECT_THROW(load_last_checkpoint(folder.path()), FileError);
}

}  // namespace
}  // namespace graft::train
