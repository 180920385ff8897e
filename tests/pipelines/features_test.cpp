#include "graft/pipelines/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "graft/core/error.h"
#include "graft/io/safetensors.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "tests/support/tiny_models.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

class Features : public ::testing::Test {
 protected:
  Features() { testing::make_tiny_world(folder_.path(), 2, 1, 1); }
  FeaturesOptions options() { return testing::in_tiny_world<FeaturesOptions>(folder_.path()); }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

TEST_F(Features, AFileHasARowAPhotoInTheOrderOfItsList) {
  auto o = options();
  o.output = (folder_ / "f.safetensors").string();
  const auto table = features(o, host_, silent_);
  const auto file = io::SafetensorsFile::open(o.output);
  const auto files = nlohmann::json::parse(file.metadata().at("files")).get<std::vector<std::string>>();
  EXPECT_EQ(files, table.files);
  EXPECT_EQ(files.size(), 12u);
  EXPECT_EQ(files.front(), "test/blue/00.bmp");
  EXPECT_TRUE(std::is_sorted(files.begin(), files.end()));
  EXPECT_TRUE(torch::equal(nn::read_tensors(o.output).at("features"), table.features));
  EXPECT_EQ(table.features.sizes(), (at::IntArrayRef{12, 12}));
}

TEST_F(Features, APlaceHasTheShapeOfItsValues) {
  auto o = options();
  o.split = "test";
  const auto shape = [&](const std::string& at) {
    o.at = at;
    return features(o, host_, silent_).features.sizes().vec();
  };
  EXPECT_EQ(shape("pixels"), (std::vector<int64_t>{3, 3, 24, 24}));
  EXPECT_EQ(shape("tokens"), (std::vector<int64_t>{3, 10, 32}));
  EXPECT_EQ(shape("block.2"), (std::vector<int64_t>{3, 10, 32}));
  EXPECT_EQ(shape("pooled"), (std::vector<int64_t>{3, 32}));
  EXPECT_EQ(shape("projected"), (std::vector<int64_t>{3, 12}));
}

TEST_F(Features, AnUnknownPlaceNamesTheOnesThereAre) {
  const auto model = testing::tiny_clip();
  for (const char* word : {"block.3", "block.-1", "block.", "block.1x", "last"}) {
    EXPECT_THROW(model->reader().place_named("features", word), UsageError) << word;
  }
  EXPECT_EQ(model->reader().place_named("features", "block.0"), 2);
}

TEST_F(Features, AnAdapterChangesThem) {
  auto run = testing::tiny_run(folder_.path(), "lora");
  run.train.batch_size.reset();
  run.train.lr = 1e-2;
  run.output = (folder_ / "run").string();
  adapt(run, {}, host_, silent_);
  auto o = options();
  const auto frozen = features(o, host_, silent_).features;
  o.adapter = run.output;
  o.model.model.clear();  // the run knows it
  const auto adapted = features(o, host_, silent_).features;
  EXPECT_EQ(adapted.sizes(), frozen.sizes());
  EXPECT_GT((adapted - frozen).abs().max().item<float>(), 1e-4f);
}

TEST_F(Features, AnAdapterThatPeftWroteNeedsNoMoreThanItsTwoFiles) {
  auto run = testing::tiny_run(folder_.path(), "lora");
  run.train.batch_size.reset();
  run.train.lr = 1e-2;
  run.output = (folder_ / "run").string();
  adapt(run, {{"rank", "3"}, {"target", "q,v"}}, host_, silent_);
  auto o = options();
  o.adapter = run.output;
  const auto ours = features(o, host_, silent_).features;

  const auto foreign = folder_ / "foreign";
  std::filesystem::create_directory(foreign);
  std::filesystem::copy_file(folder_ / "run" / "adapter_model.safetensors", foreign / "adapter_model.safetensors");
  auto config = nlohmann::json::parse(content_of(folder_ / "run" / "adapter_config.json"));
  config.erase("graft");
  std::ofstream(foreign / "adapter_config.json") << config;
  o.adapter = foreign.string();
  // Slices of a fused matrix are on disk as one block of twice the rank: other sums in float32.
  EXPECT_TRUE(torch::allclose(features(o, host_, silent_).features, ours, 1e-5, 1e-6));
}

TEST_F(Features, AFolderWithoutPhotosIsAnError) {
  std::filesystem::create_directory(folder_ / "empty");
  auto o = options();
  o.data.data = (folder_ / "empty").string();
  EXPECT_THROW(features(o, host_, silent_), DataError);
}

}  // namespace
}  // namespace graft::pipelines
