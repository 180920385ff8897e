#include "graft/train/batches.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <filesystem>
#include <iterator>

#include "graft/data/epoch_order.h"
#include "graft/data/loader.h"
#include "graft/data/photo_source.h"
#include "graft/engine/loaded_batches.h"
#include "graft/engine/prepared_run.h"
#include "graft/features/encoder.h"
#include "tests/support/tiny_models.h"
#include "tests/support/tiny_world.h"

namespace graft::engine {
namespace {

constexpr int64_t kPhotos = 11, kBatch = 4, kEpochs = 3;

class BatchesTest : public ::testing::Test {
 protected:
  BatchesTest() {
    for (int64_t i = 0; i < kPhotos; ++i) {
      samples_.push_back({fmt::format("{}.bmp", i), i % 3});
      files_.push_back(folder_ / samples_.back().input);
      testing::write_bitmap(files_.back(), 20 * static_cast<int>(i), 90, 150, static_cast<uint64_t>(i));
      labels_.push_back(i % 3);
    }
  }
  std::shared_ptr<const data::Source> source() {
    return std::make_shared<data::PhotoSource>(folder_.path(), samples_,
                                               data::ImageTransform(model_->info().preprocessing));
  }
  std::unique_ptr<train::Batches> from_photos() {
    auto loader = std::make_unique<data::Loader>(
        source(),
        data::LoaderOptions{.batch_size = kBatch, .workers = 2, .epochs = kEpochs, .seed = 3, .shuffle = true});
    return std::make_unique<LoadedBatches>(
        std::move(loader), LoadedBatches::From{model_->info().preprocessing, data::Target::label, kPhotos, kBatch},
        [this](const nn::Value& read) { return encoder_.run(read, 0, kPlace); });
  }
  std::unique_ptr<train::Batches> from_features() {
    return std::make_unique<train::FeatureBatches>(
        nn::Value{encoder_.features(encoder_.photos(files_), kPlace, silent_)}, torch::tensor(labels_, at::kLong),
        kBatch, [from = source()](int64_t epoch) { return data::epoch_order(*from, kBatch, 3, epoch); });
  }

  static constexpr nn::Place kPlace = 3;
  TempFolder folder_;
  std::shared_ptr<models::Model> model_ = testing::tiny_clip();
  features::Encoder encoder_{model_, nullptr, {}};
  Silent silent_;
  std::vector<data::Sample> samples_;
  std::vector<std::filesystem::path> files_;
  std::vector<int64_t> labels_;
};

TEST_F(BatchesTest, PhotosAndFeaturesGiveTheSameBitsInTheSameOrder) {
  const auto photos = from_photos(), features = from_features();
  EXPECT_EQ(photos->per_epoch(), 3);
  for (int64_t i = 0; i < kEpochs * 3; ++i) {
    const train::Batch a = photos->next(), b = features->next();
    EXPECT_EQ(a.target.size(0), photos->size_of(i % 3));
    EXPECT_TRUE(torch::equal(a.target, b.target)) << i;
    EXPECT_TRUE(torch::equal(a.input.x, b.input.x)) << i;
    EXPECT_TRUE(torch::equal(a.examples, b.examples)) << i;
    EXPECT_TRUE(torch::equal(a.examples % 3, a.target)) << i;  // each label is its example's number modulo 3
    EXPECT_EQ(std::pair(a.epoch, a.number), std::pair(i / 3, i % 3));
    EXPECT_EQ(std::pair(b.epoch, b.number), std::pair(i / 3, i % 3));
  }
}

TEST_F(BatchesTest, SeekingGivesWhatComesThere) {
  for (const bool kept : {false, true}) {
    const auto straight = kept ? from_features() : from_photos(), sought = kept ? from_features() : from_photos();
    for (int i = 0; i < 5; ++i)
      straight->next();
    sought->seek(1, 2);
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(torch::equal(straight->next().input.x, sought->next().input.x)) << i;
  }
}

// Threads of this process.
int64_t threads_now() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(PreparedBatches, OfKeptFeaturesNeedNoThreadsThatReadPhotos) {
  const TempFolder world;
  testing::make_tiny_world(world.path());
  auto options = testing::tiny_run(world.path(), "linear-probe");
  options.data.workers = 7;
  Silent silent;
  Session session(options.model, options.data, Host{}, silent);
  PreparedRun run(session, options, {}, silent);
  ASSERT_TRUE(run.cached());
  run.batches();  // keeps the features
  const int64_t before = threads_now();
  const auto batches = run.batches();
  EXPECT_EQ(threads_now(), before);
  EXPECT_EQ(batches->examples(), static_cast<int64_t>(run.dataset.train.size()));
}

}  // namespace
}  // namespace graft::engine
