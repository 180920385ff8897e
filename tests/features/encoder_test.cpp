#include "graft/features/encoder.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "tests/support/tiny_models.h"
#include "tests/support/tiny_world.h"

namespace graft::features {
namespace {

namespace fs = std::filesystem;

class EncoderTest : public ::testing::Test {
 protected:
  EncoderTest() {
    for (int i = 0; i < 21; ++i) {
      files_.push_back(folder_ / fmt::format("{}.bmp", i));
      testing::write_bitmap(files_.back(), 10 * i, 90, 200 - 9 * i, static_cast<uint64_t>(i));
    }
  }
  data::PhotoSource source(const std::vector<fs::path>& files, const data::Augmentation& augmentation = {}) {
    std::vector<data::Sample> samples;
    for (const auto& file : files)
      samples.push_back({.input = file.string()});
    return {{}, std::move(samples), data::ImageTransform(model_->info().preprocessing, augmentation)};
  }
  Encoder encoder(const fs::path& cache = {}, int64_t workers = 1) {
    return Encoder(model_, std::make_shared<data::ImageCache>(), {.workers = workers, .cache_dir = cache});
  }

  TempFolder folder_;
  std::shared_ptr<models::Model> model_ = testing::tiny_clip();
  std::vector<fs::path> files_;
  Silent silent_;
};

TEST_F(EncoderTest, APhotosFeaturesAreTheSameBitsInAnyCompany) {
  for (const nn::Place place : {nn::Place{1}, nn::Place{2}, model_->reader().pooled(), model_->reader().last()}) {
    const auto all = encoder().compute(source(files_), place, silent_);
    const auto alone = encoder().compute(source({files_[17]}), place, silent_);
    auto reversed_files = files_;
    std::reverse(reversed_files.begin(), reversed_files.end());
    const auto reversed = encoder({}, 3).compute(source(reversed_files), place, silent_);
    EXPECT_TRUE(torch::equal(all[17], alone[0])) << place;
    EXPECT_TRUE(torch::equal(all, reversed.flip(0))) << place;
  }
}

TEST_F(EncoderTest, OfTokensTheClassTokenIsReadOrWhereThereIsNoneTheMeanOfThePatches) {
  const nn::Place place = 3;  // two blocks on
  const auto tokens = encoder().compute(source(files_), place, silent_);
  EXPECT_TRUE(torch::equal(encoder().rows(source(files_), place, silent_), tokens.select(1, 0)));

  auto averaged = testing::tiny_vit_checkpoint();  // two registers, then nine patches
  averaged.tensors.erase("cls_token");
  auto config = averaged.folder.config->value();
  config["global_pool"] = "avg";
  config["model_args"].update({{"class_token", false}, {"global_pool", "avg"}, {"fc_norm", true}});
  averaged.folder.config = io::JsonObject(config, "config.json");
  for (const auto* part : {"weight", "bias"}) {
    averaged.tensors[std::string("fc_norm.") + part] = averaged.tensors.at(std::string("norm.") + part);
    averaged.tensors.erase(std::string("norm.") + part);
  }
  model_ = averaged.load();
  const auto all = encoder().compute(source(files_), place, silent_);
  ASSERT_EQ(all.size(1), 2 + 9);
  auto mean = torch::zeros({all.size(0), all.size(2)});
  for (int64_t patch = 2; patch < 11; ++patch)
    mean += all.select(1, patch);
  const auto rows = encoder().rows(source(files_), place, silent_);
  EXPECT_TRUE(torch::allclose(rows, mean / 9, 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(rows, all.select(1, 0), 1e-2, 1e-2));
  EXPECT_TRUE(torch::equal(model_->reader().rows(model_->reader().kept(all, place)), rows));  // of kept tokens the same
}

TEST_F(EncoderTest, CachedEqualsComputedAndIsNotComputedAgain) {
  const auto place = model_->reader().last();
  const auto computed = encoder().compute(source(files_), place, silent_);
  auto first = encoder(folder_ / "cache");
  EXPECT_TRUE(torch::equal(first.features(source(files_), place, silent_), computed));
  EXPECT_EQ(first.encoded(), 21);
  EXPECT_TRUE(torch::equal(first.features(source(files_), place, silent_), computed));
  EXPECT_EQ(first.encoded(), 21);

  auto second = encoder(folder_ / "cache");  // another process, as far as memory goes
  EXPECT_TRUE(torch::equal(second.features(source({files_[3], files_[20], files_[3]}), place, silent_),
                           computed.index_select(0, torch::tensor({3, 20, 3}))));
  EXPECT_EQ(second.encoded(), 0);
  EXPECT_EQ(second.reused(), 3);
}

TEST_F(EncoderTest, GoingOnFromAPlaceEqualsGoingAllTheWay) {
  const auto whole = encoder().compute(source(files_), model_->reader().last(), silent_);
  for (nn::Place place = 1; place < model_->reader().last(); ++place) {
    auto e = encoder();
    EXPECT_TRUE(torch::equal(
        e.run(model_->reader().kept(e.features(source(files_), place, silent_), place), place, model_->reader().last())
            .x,
        whole))
        << place;
  }
}

TEST_F(EncoderTest, ThePhotosContentCountsAndNotItsName) {
  auto e = encoder(folder_ / "cache");
  const auto before = e.features(source({files_[0]}), model_->reader().last(), silent_);
  fs::copy_file(files_[0], folder_ / "copy.bmp");
  const auto copy = e.features(source({folder_ / "copy.bmp"}), model_->reader().last(), silent_);
  EXPECT_EQ(e.encoded(), 1);
  EXPECT_TRUE(torch::equal(before, copy));
  testing::write_bitmap(files_[0], 0, 0, 0, 99);
  auto later = encoder(folder_ / "cache");
  EXPECT_FALSE(torch::equal(later.features(source({files_[0]}), model_->reader().last(), silent_), before));
  EXPECT_EQ(later.encoded(), 1);
}

TEST_F(EncoderTest, ADamagedShardIsComputedAgain) {
  const auto place = model_->reader().last();
  const auto expected = encoder(folder_ / "cache").features(source(files_), place, silent_);
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "cache")) {
    if (entry.is_regular_file()) fs::resize_file(entry.path(), 100);
  }
  auto e = encoder(folder_ / "cache");
  EXPECT_TRUE(torch::equal(e.features(source(files_), place, silent_), expected));
  EXPECT_EQ(e.encoded(), 21);
}

TEST_F(EncoderTest, ViewsDependOnTheSeedAndNotOnTheWorkers) {
  const auto augmentation = data::Augmentation::random_resized_crop_and_flip();
  const auto views = [&](uint64_t seed, int64_t workers) {
    return encoder({}, workers)
        .augmented(source(files_, augmentation), model_->reader().last(), 2, Random(seed), silent_);
  };
  const auto one = views(1, 1);
  EXPECT_EQ(one.size(0), 42);
  EXPECT_TRUE(torch::equal(one, views(1, 3)));
  EXPECT_FALSE(torch::equal(one, views(2, 1)));
  EXPECT_FALSE(torch::equal(one.narrow(0, 0, 21), one.narrow(0, 21, 21)));
}

TEST_F(EncoderTest, AKeyNamesAllThatTheValuesDependOn) {
  const auto key = feature_key(*model_, 1);
  EXPECT_EQ(key, feature_key(*testing::tiny_clip(), 1));
  EXPECT_NE(key, feature_key(*model_, 2));
  EXPECT_NE(key, feature_key(*testing::tiny_clip(2), 1));
  EXPECT_NE(key, feature_key(*testing::tiny_clip(1, tensor::Precision::bf16), 1));
  auto read_otherwise = testing::tiny_clip_checkpoint();  // the same weights
  auto config = read_otherwise.folder.open_clip_config->value();
  config["model_cfg"]["quick_gelu"] = false;
  read_otherwise.folder.open_clip_config = io::JsonObject(config, "open_clip_config.json");
  EXPECT_NE(key, feature_key(*read_otherwise.load(), 1));
}

TEST_F(EncoderTest, AVanishedPhotoIsAnError) {
  fs::remove(files_[4]);
  auto e = encoder();
  EXPECT_THROW(e.features(source(files_), model_->reader().last(), silent_), DataError);
}

TEST_F(EncoderTest, ACacheThatCannotBeWrittenIsAWarningAndNoMore) {
  struct Warnings : Reporter {
    void note(const Note&) override {}
    void line(std::string_view, std::string_view) override {}
    void warn(std::string_view text) override { warnings.emplace_back(text); }
    void progress(const Progress&) override {}
    std::vector<std::string> warnings;
  } report;
  auto e = encoder(files_[0]);  // a file where a folder should be
  const auto features = e.features(source(files_), model_->reader().last(), report);
  EXPECT_TRUE(torch::equal(features, encoder().compute(source(files_), model_->reader().last(), silent_)));
  EXPECT_EQ(report.warnings.size(), 1u);
}

}  // namespace
}  // namespace graft::features
