#include "graft/data/loader.h"

#include <gmock/gmock.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <thread>

#include "graft/data/epoch_order.h"
#include "graft/data/photo_source.h"
#include "tests/data/bmp.h"
#include "tests/data/golden_images.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    for (int i = 0; i < 11; ++i) {
      const std::string file = fmt::format("{}.bmp", i);
      folder.put(file, bmp(golden::noise(20 + i, 15, static_cast<std::uint32_t>(i))));
      samples.push_back({file, i % 3});
    }
  }

  Loader loader(LoaderOptions options, std::shared_ptr<ImageCache> cache = nullptr) const {
    Augmentation augmentation = Augmentation::random_resized_crop_and_flip();
    augmentation.brightness = 0.4;
    return Loader(std::make_shared<PhotoSource>(folder.path(), samples,
                                                ImageTransform(Preprocessing{.resize = {8, 8}}, augmentation), cache),
                  options);
  }

  static std::vector<Batch> epoch(Loader& loader) {
    std::vector<Batch> batches;
    while (auto batch = loader.next())
      batches.push_back(std::move(*batch));
    return batches;
  }

  TempFolder folder;
  std::vector<Sample> samples;
};

TEST_F(LoaderTest, GivesTheSameBitsAtAnyNumberOfWorkersAndAnyPrefetchCachedOrNot) {
  const LoaderOptions one = {.batch_size = 4, .workers = 1, .prefetch = 1, .epochs = 2, .seed = 5, .shuffle = true};
  Loader reference = loader(one);
  const auto first = epoch(reference), second = epoch(reference);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_FALSE(first == second);
  for (const std::int64_t workers : {2, 5}) {
    for (const std::int64_t prefetch : {1, 2, 7}) {
      LoaderOptions options = one;
      options.workers = workers;
      options.prefetch = prefetch;
      Loader other = loader(options, prefetch == 2 ? std::make_shared<ImageCache>() : nullptr);
      EXPECT_TRUE(epoch(other) == first);
      EXPECT_TRUE(epoch(other) == second);
      EXPECT_TRUE(epoch(other).empty());
    }
  }
}

TEST_F(LoaderTest, EveryPhotoComesOnceAnEpochWithItsLabel) {
  Loader one = loader({.batch_size = 4, .shuffle = true});
  std::vector<std::int64_t> seen;
  for (const Batch& batch : epoch(one)) {
    for (std::size_t i = 0; i < batch.indices.size(); ++i) {
      seen.push_back(batch.indices[i]);
      EXPECT_EQ(batch.labels[i], samples[batch.indices[i]].label);
    }
    EXPECT_EQ(batch.images.size(), batch.indices.size() * 3 * 8 * 8);
  }
  const PhotoSource source(folder.path(), samples, ImageTransform(Preprocessing{}));
  EXPECT_EQ(seen, epoch_order(source, 4, 0, 0));
  std::ranges::sort(seen);
  std::vector<std::int64_t> all(samples.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(seen, all);
}

TEST_F(LoaderTest, WithoutShufflingKeepsTheOrderOfTheSamples) {
  Loader one = loader({.batch_size = 11});
  const auto batches = epoch(one);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_TRUE(std::ranges::is_sorted(batches[0].indices));
}

TEST_F(LoaderTest, GoesOnAtAnyBatchWithTheSameBits) {
  const LoaderOptions options = {.batch_size = 3, .workers = 2, .prefetch = 3, .epochs = 3, .seed = 9, .shuffle = true};
  Loader whole = loader(options);
  std::vector<std::vector<Batch>> epochs = {epoch(whole), epoch(whole), epoch(whole)};
  for (std::int64_t e = 0; e < 3; ++e) {
    for (std::int64_t b = 0; b <= 4; ++b) {
      Loader resumed = loader(options);
      if (b % 2 == 0) resumed.next();  // what was begun elsewhere is thrown away
      resumed.seek(e, b);
      const auto rest = epoch(resumed);
      EXPECT_TRUE(std::equal(rest.begin(), rest.end(), epochs[e].begin() + b, epochs[e].end())) << e << " " << b;
      if (e < 2) {
        EXPECT_TRUE(epoch(resumed) == epochs[e + 1]);
      }
    }
  }
}

TEST_F(LoaderTest, AnErrorOfAWorkerComesOutWithTheFileWhenItsBatchIsDue) {
  folder.put("6.bmp", "broken");
  folder.put("7.bmp", "broken");
  for (const std::int64_t workers : {1, 4}) {
    Loader one = loader({.batch_size = 4, .workers = workers});
    EXPECT_TRUE(one.next().has_value());
    EXPECT_ERROR(one.next(), DataError, "6.bmp");
  }
}

TEST_F(LoaderTest, EndsPromptlyWithBatchesStillToMake) {
  for (int round = 0; round < 20; ++round) {
    Loader one = loader({.batch_size = 2, .workers = 3, .prefetch = 4, .epochs = 1000});
    if (round % 2) one.next();
  }
}

TEST_F(LoaderTest, ReusesTheMemoryOfBatchesThatComeBack) {
  Loader one = loader({.batch_size = 4, .workers = 1, .prefetch = 1, .epochs = 50});
  std::set<const float*> buffers;
  for (int e = 0; e < 50; ++e) {
    while (auto batch = one.next()) {
      buffers.insert(batch->images.data());
      one.recycle(std::move(*batch));
    }
  }
  EXPECT_LE(buffers.size(), 4u);
}

// One example that is not there before somebody has begun to wait for it.
class LateSource final : public Source {
 public:
  Reads reads() const override { return Reads::photo; }
  std::int64_t size() const override { return 1; }
  std::string name(std::int64_t) const override { return "late"; }
  std::string content(std::int64_t) const override { return "late"; }
  std::int64_t label(std::int64_t) const override { return 0; }
  std::span<const float> values(std::int64_t) const override { return {}; }
  std::size_t floats() const override { return 1; }
  void read(std::int64_t, Random, Row&) const override { std::this_thread::sleep_for(std::chrono::milliseconds(300)); }
};

TEST_F(LoaderTest, CountsTheSecondsThatAreSpentWaiting) {
  for (const std::int64_t prefetch : {1, 3}) {
    Loader slow(std::make_shared<LateSource>(), {.batch_size = 1, .workers = 1, .prefetch = prefetch});
    EXPECT_EQ(slow.waited(), 0);
    EXPECT_TRUE(slow.next());
    EXPECT_GT(slow.waited(), 0);
    EXPECT_LT(slow.waited(), 100);
  }
}

TEST_F(LoaderTest, RefusesOptionsOutOfRange) {
  EXPECT_ERROR(loader({.batch_size = 0}), ConfigError, "--batch-size 0");
  EXPECT_ERROR(loader({.workers = 0}), ConfigError, "--workers 0");
}

// Address space for a few stacks and no more stands for a container's bound of threads.
class BoundAddressSpace {
 public:
  explicit BoundAddressSpace(std::size_t more) {
    ::getrlimit(RLIMIT_AS, &before_);
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages;
    rlimit bound = before_;
    bound.rlim_cur = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more;
    ::setrlimit(RLIMIT_AS, &bound);
  }
  ~BoundAddressSpace() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

#if !defined(__SANITIZE_ADDRESS__)  // its own address space leaves nothing to bound
TEST_F(LoaderTest, GoesOnWithTheThreadsThatCanBeStarted) {
  const LoaderOptions options = {.batch_size = 4, .workers = 1, .seed = 5, .shuffle = true};
  Loader reference = loader(options);
  const auto expected = epoch(reference);
  LoaderOptions many = options;
  many.workers = 2000;
  std::int64_t started = 0;
  std::vector<Batch> batches;
  {
    const BoundAddressSpace bound(std::size_t{256} << 20);
    Loader few = loader(many);
    started = few.workers();
    batches = epoch(few);
  }
  EXPECT_LT(started, many.workers);
  EXPECT_TRUE(batches == expected);
}

TEST_F(LoaderTest, WithoutAnyThreadNextMakesTheBatches) {
  const LoaderOptions options = {.batch_size = 4, .workers = 1, .seed = 5, .shuffle = true};
  Loader reference = loader(options);
  const auto expected = epoch(reference);
  pthread_attr_t attributes, usual;
  ::pthread_getattr_default_np(&usual);
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 46);  // no thread gets a stack like this
  ::pthread_setattr_default_np(&attributes);
  {
    Loader none = loader(options);
    EXPECT_EQ(none.workers(), 0);
    EXPECT_TRUE(epoch(none) == expected);
    none.seek(0, 1);
    EXPECT_EQ(epoch(none).size(), expected.size() - 1);
  }
  ::pthread_setattr_default_np(&usual);
}
#endif

}  // namespace
}  // namespace graft::data
