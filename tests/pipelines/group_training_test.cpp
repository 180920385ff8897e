// Runs on photos with groups: what is scored, what training makes of them, and that a run goes on as if never stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

using ::testing::HasSubstr;

class OnGroups : public ::testing::Test {
 protected:
  OnGroups() {
    testing::make_tiny_world(world_.path());
    std::string table = "file,label,split,group\n";
    for (const auto& [split, count] : {std::pair("train", 6), {"val", 2}, {"test", 4}}) {
      for (const char* colour : {"blue", "green", "red"}) {
        for (int i = 0; i < count; ++i)
          table +=
              fmt::format("photos/{0}/{1}/{2:02}.bmp,{1},{0},{3}\n", split, colour, i, i % 4 == 0 ? "rare" : "usual");
      }
    }
    world_.put("table.csv", table);
  }

  engine::AdaptOptions options() const {
    auto o = testing::tiny_run(world_.path(), "lora");
    o.data.data = (world_ / "table.csv").string();
    o.data.dataset.group_column = "group";
    o.train.lr = 1e-2;
    return o;
  }
  AdaptResult run(engine::AdaptOptions o) {
    if (!o.output.empty()) o.output = (out_ / o.output).string();
    return adapt(o, {}, {}, silent_);
  }
  std::string adapter(const char* run) { return content_of(out_ / run / "adapter_model.safetensors"); }
  void expect_refused(const engine::AdaptOptions& o, const std::string& why) {
    EXPECT_THAT([&] { run(o); }, ::testing::ThrowsMessage<ConfigError>(HasSubstr(why)));
  }

  TempFolder world_, out_;
  Silent silent_;
};

TEST_F(OnGroups, TheTestTellsTheWorstOfThem) {
  const auto result = run(options());
  const auto counts = tasks::count_classes(result.test_predictions);
  EXPECT_EQ(counts.groups.at("rare").count, 3);
  EXPECT_EQ(counts.groups.at("usual").count, 9);
  const auto* worst = result.test.find("worst_group");
  ASSERT_TRUE(worst);
  EXPECT_LE(worst->value, result.test.first().value);
  EXPECT_TRUE(result.val->find("worst_group"));
}

TEST_F(OnGroups, WeightsThatFollowLossesTrainSomethingElse) {
  auto o = options();
  o.output = "plain";
  run(o);
  o.train.group_dro = 0.5;
  o.output = "dro";
  run(o);
  EXPECT_NE(adapter("plain"), adapter("dro"));
  const auto state = nn::read_tensors(out_ / "dro/checkpoints/last/state.safetensors");
  bool found = false;
  for (const auto& [name, value] : state) {
    if (!name.ends_with("groups.weights")) continue;
    found = true;
    EXPECT_NEAR(value.sum().item<double>(), 1, 1e-12);
    EXPECT_NE(value[0].item<double>(), 0.5);
  }
  EXPECT_TRUE(found);
}

TEST_F(OnGroups, ARunThatIsTakenUpAgainHasTheWeightsThatItHad) {
  auto o = options();
  o.train.group_dro = 0.5;
  o.train.schedule = methods::ScheduleKind::constant;
  o.output = "stopped";
  run(o);
  o.train.epochs = 5;
  o.output = "whole";
  run(o);
  EXPECT_NE(adapter("stopped"), adapter("whole"));
  resume((out_ / "stopped").string(), {{"epochs", "5"}}, {}, silent_);
  EXPECT_EQ(adapter("stopped"), adapter("whole"));
}

TEST_F(OnGroups, BalancedTheyAreTrainedOnAsOftenEach) {
  auto o = options();
  o.balance = data::Balance::group;
  o.train.batch_size = 4;
  EXPECT_EQ(run(o).steps, 9);  // of 18 photos 6 are rare: 12 in batches of 4, 3 epochs
}

TEST_F(OnGroups, WhatHasNoGroupsIsRefused) {
  auto o = options();
  o.data.dataset.group_column.clear();
  o.train.group_dro = 0.1;
  expect_refused(o, "--group-dro 0.1: photos/train/blue/00.bmp is of no group. Name the table's column");
  o.train.group_dro.reset();
  o.balance = data::Balance::group;
  expect_refused(o, "--balance group: ");
  o = options();
  o.train.group_dro = 0.1;
  o.train.mix = "mixup";
  expect_refused(o, "an example that --mix makes of two has none");
  o.train.mix.clear();
  o.train.group_dro = -1;
  expect_refused(o, "--group-dro -1: expected a number above 0.");
}

}  // namespace
}  // namespace graft::pipelines
