#include "graft/io/weights.h"

#include "tests/io/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

const std::filesystem::path kTorch = source_dir() / "tests/golden/torch";
const float kOne[] = {1};

std::filesystem::path write_tensor(const std::filesystem::path& path, const std::string& name) {
  write_safetensors(path, {{name, Dtype::f32, {1}, std::as_bytes(std::span(kOne))}}, {{"from", name}});
  return path;
}

std::vector<std::string> names(const Weights& weights) {
  std::vector<std::string> result;
  for (const auto& [name, view] : weights.tensors())
    result.push_back(name);
  return result;
}

TEST(Weights, TellsFormatsApartByTheirBytes) {
  const TempFolder folder;
  EXPECT_THAT(names(Weights::open(write_tensor(folder.path() / "odd.bin", "w"))), testing::ElementsAre("w"));
  const auto torch = folder.put("odd.ckpt", content_of(kTorch / "plain.pt"));
  EXPECT_THAT(names(Weights::open(torch)), testing::ElementsAre("a", "b"));
  EXPECT_ERROR(Weights::open(folder.put("x.pt", "not weights at all")), FileError, "not a file of torch.save");
  EXPECT_ERROR(Weights::open(folder.put("x.safetensors", "1234567890")), FileError, "[safetensors]");
}

TEST(Weights, JoinsTheShardsOfAnIndex) {
  const TempFolder folder;
  write_tensor(folder.path() / "model-1.safetensors", "a");
  write_tensor(folder.path() / "model-2.safetensors", "b");
  const auto index = folder.put("model.safetensors.index.json",
                                R"({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})");
  EXPECT_THAT(names(Weights::open(index)), testing::ElementsAre("a", "b"));
  EXPECT_THAT(checkpoint_files(index),
              testing::ElementsAre(folder.path() / "model-1.safetensors", folder.path() / "model-2.safetensors"));
}

TEST(Weights, RefusesAnIndexThatItsShardsDoNotKeep) {
  const TempFolder folder;
  write_tensor(folder.path() / "1", "a");
  write_tensor(folder.path() / "2", "a");
  const auto open = [&](std::string_view map) {
    return Weights::open(folder.put("i.json", fmt::format(R"({{"weight_map": {}}})", map)));
  };
  EXPECT_ERROR(open(R"({"a": "1", "c": "1"})"), FileError,
               "1 tensors of the index are missing from their shards:\n  c (1)");
  EXPECT_ERROR(open(R"({"a": "1", "b": "2"})"), FileError, "tensor 'a' stands in another of its 2 files too");
  EXPECT_ERROR(open(R"({"a": "3"})"), FileError, "cannot be read");
  EXPECT_ERROR(open(R"({"a": "../1"})"), FileError, "expected a file beside the index");
  EXPECT_ERROR(open(R"({"a": 1})"), FileError, "expected a file beside the index");
  EXPECT_ERROR(open("{}"), FileError, "expected an index of shards");
}

TEST(Weights, NamesTheNearestTensorWhenOneIsMissing) {
  const TempFolder folder;
  const auto weights = Weights::open(write_tensor(folder.path() / "f", "visual.proj"));
  EXPECT_EQ(weights.find("visual.prij"), nullptr);
  EXPECT_ERROR(weights.at("visual.prij"), FileError,
               "no tensor 'visual.prij' among its 1. The nearest is 'visual.proj'.");
}

TEST(Weights, TakesOffTheWrappersOfTrainingScripts) {
  const auto weights = Weights::open(kTorch / "training.pt");
  EXPECT_THAT(weights.wrappers(), testing::ElementsAre("state_dict", "optimizer"));
  const auto inner = weights.unwrapped();
  EXPECT_NE(inner.find("dense"), nullptr);  // was state_dict.module.dense
  EXPECT_EQ(inner.tensors().size(), 10u);
  EXPECT_THAT(names(weights.unwrapped("optimizer")), testing::ElementsAre("state.0.exp_avg"));
  EXPECT_ERROR(weights.unwrapped("teacher"), FileError, "nothing below 'teacher'. It holds: state_dict, optimizer.");
}

TEST(Weights, LeavesAPlainCheckpointAsItIs) {
  EXPECT_THAT(names(Weights::open(kTorch / "plain.pt").unwrapped()), testing::ElementsAre("a", "b"));
}

}  // namespace
}  // namespace graft::io
