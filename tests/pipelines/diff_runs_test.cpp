// What two runs differ in, with numbers worked by hand.
#include "graft/pipelines/diff_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <fstream>

#include "graft/core/error.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::Field;
using ::testing::IsEmpty;

// An adapter of one pair: rank r between 3 inputs and 3 outputs, alpha 2.
void put_adapter(const fs::path& folder, const at::Tensor& a, const at::Tensor& b) {
  fs::create_directories(folder);
  nn::write_tensors(folder / "adapter_model.safetensors",
                    {{"base_model.model.x.lora_A.weight", a}, {"base_model.model.x.lora_B.weight", b}});
  std::ofstream(folder / "adapter_config.json")
      << R"({"peft_type": "LORA", "r": )" << a.size(0) << R"(, "lora_alpha": 2, "target_modules": ["x"]})";
}

// Updates 2 e1 e1' and 2 (e1 cos 30 + e2 sin 30) e1': 30 degrees apart in what
// they write, 0 in what they read.
TEST(DiffRuns, NormsCosineAndAnglesOfUpdates) {
  TempFolder folder;
  const double cosine = std::sqrt(3.0) / 2;
  put_adapter(folder / "a", torch::tensor({{1.0, 0.0, 0.0}}), torch::tensor({{1.0}, {0.0}, {0.0}}));
  put_adapter(folder / "b", torch::tensor({{1.0, 0.0, 0.0}}), torch::tensor({{cosine}, {0.5}, {0.0}}));
  const auto d = diff_runs(folder / "a", folder / "b");
  ASSERT_EQ(d.tensors.size(), 1u);
  const auto& t = d.tensors.front();
  EXPECT_EQ(t.name, "x");
  EXPECT_NEAR(t.first, 2, 1e-6);
  EXPECT_NEAR(t.second, 2, 1e-6);
  EXPECT_NEAR(t.cosine, cosine, 1e-6);
  EXPECT_NEAR(t.difference, std::sqrt(4 + 4 - 8 * cosine), 1e-6);
  ASSERT_EQ(t.written.size(), 1u);
  EXPECT_NEAR(t.written[0], 30, 1e-4);
  EXPECT_NEAR(t.read[0], 0, 1e-4);
}

// Of rank 2 at alpha 2 the scale is 1. What is written spans e1, e2 and e1, e3:
// 0 and 90 degrees. A factor of zeros is no direction.
TEST(DiffRuns, AnglesOfPlanesAndOfNothing) {
  TempFolder folder;
  const auto eye = torch::eye(3);
  put_adapter(folder / "a", eye.narrow(0, 0, 2), eye.narrow(1, 0, 2));
  put_adapter(folder / "b", eye.narrow(0, 0, 2), torch::stack({eye[0], eye[2]}, 1));
  const auto t = diff_runs(folder / "a", folder / "b").tensors.front();
  EXPECT_NEAR(t.written[0], 0, 1e-4);
  EXPECT_NEAR(t.written[1], 90, 1e-4);
  EXPECT_NEAR(t.read[1], 0, 1e-4);
  EXPECT_NEAR(t.cosine, 0.5, 1e-6);
  put_adapter(folder / "none", eye.narrow(0, 0, 2), torch::zeros({3, 2}));
  const auto none = diff_runs(folder / "a", folder / "none").tensors.front();
  EXPECT_TRUE(std::isnan(none.cosine));
  EXPECT_THAT(none.written, IsEmpty());
}

TEST(DiffRuns, OptionsTensorsAndPredictionsOfTwoRuns) {
  TempFolder folder;
  testing::make_tiny_world(folder.path(), 3, 1, 2);
  Silent silent;
  for (const auto& [name, rank] : {std::pair{"a", "2"}, std::pair{"b", "4"}}) {
    auto run = testing::tiny_run(folder.path(), "lora");
    run.output = (folder / name).string();
    adapt(run, {{"rank", rank}}, {}, silent);
  }
  const auto d = diff_runs(folder / "a", folder / "b");
  EXPECT_THAT(d.options, Contains(Field(&OptionDifference::name, "rank")));
  EXPECT_EQ(d.options.size(), 1u);
  ASSERT_TRUE(d.predictions) << d.no_predictions;
  EXPECT_EQ(d.predictions->examples, 6);
  const auto& p = *d.predictions;
  EXPECT_EQ(p.both + p.only_first + p.only_second + p.neither, 6);

  // The same run twice, but that the second takes one example for another.
  fs::copy(folder / "a", folder / "c", fs::copy_options::recursive);
  std::ifstream in(folder / "a/predictions.jsonl");
  std::ofstream out(folder / "c/predictions.jsonl");
  bool changed = false;
  for (std::string line; std::getline(in, line);) {
    const std::string right = R"("label":"red","predicted":"red")";
    if (const auto at = line.find(right); at != line.npos && !changed) {
      line.replace(at, right.size(), R"("label":"red","predicted":"blue")");
      changed = true;
    }
    out << line << "\n";
  }
  out.close();
  const auto same = diff_runs(folder / "a", folder / "c");
  EXPECT_THAT(same.options, IsEmpty());
  ASSERT_FALSE(same.tensors.empty());
  for (const auto& t : same.tensors)
    EXPECT_LE(t.difference, 1e-6 * t.first) << t.name;
  EXPECT_EQ(same.predictions->only_first, changed ? 1 : 0);
  EXPECT_EQ(same.predictions->told_otherwise, changed ? 1 : 0);
  EXPECT_EQ(same.predictions->p,
            1);  // of one discordant example there is nothing to say
}

TEST(DiffRuns, AFolderThatIsNoRunIsNamed) {
  TempFolder folder;
  EXPECT_THROW(diff_runs(folder.path(), folder.path()), FileError);
}

}  // namespace
}  // namespace graft::pipelines
