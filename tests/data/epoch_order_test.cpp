#include "graft/data/epoch_order.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/loader.h"
#include "graft/data/photo_source.h"
#include "graft/data/text_source.h"
#include "tests/data/letter_tokenizer.h"

namespace graft::data {
namespace {

constexpr std::int64_t kTexts = 1003, kBatch = 8, kLongest = 128;

// Texts of 3 to 128 ids, most of them short, as reviews and captions are.
std::shared_ptr<const TextSource> mixed_texts() {
  std::vector<Sample> samples;
  Random random(7);
  for (int i = 0; i < kTexts; ++i) {
    const auto length = static_cast<std::size_t>(1 + 125 * random.uniform() * random.uniform());
    samples.push_back({.input = std::string(length, static_cast<char>('a' + i % 26)), .label = i % 3});
  }
  return std::make_shared<TextSource>(std::move(samples), std::make_shared<LetterTokenizer>(), kLongest,
                                      text::Truncation::kLongestFirst);
}

std::vector<std::int64_t> sorted(std::vector<std::int64_t> order) {
  std::ranges::sort(order);
  return order;
}

std::vector<std::int64_t> counted(std::int64_t size) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(size));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<Batch> epoch_of(Loader& loader) {
  std::vector<Batch> batches;
  while (auto batch = loader.next())
    batches.push_back(std::move(*batch));
  return batches;
}

TEST(EpochOrder, OfPhotosIsWhatRunsWereTrainedIn) {
  std::vector<Sample> samples(11);
  const PhotoSource source("", samples, ImageTransform(Preprocessing{}));
  EXPECT_THAT(epoch_order(source, 4, 5, 0), testing::ElementsAre(7, 4, 1, 10, 6, 9, 0, 5, 3, 2, 8));
  EXPECT_THAT(epoch_order(source, 3, 5, 1), testing::ElementsAre(6, 10, 8, 1, 3, 2, 4, 7, 5, 0, 9));
}

std::vector<Sample> named(const std::vector<std::string>& files) {
  std::vector<Sample> samples;
  for (const auto& file : files)
    samples.push_back({.input = file});
  return samples;
}

TEST(EpochOrder, ExamplesOfOneNameAreAGroup) {
  Dataset data{.name = "clips", .root = "", .classes = {}, .train = {}, .val = {}, .test = {}, .found_splits = {}};
  data.train = named({"left/0012.mp4", "left/7", "right/0012.webm", "right/7", "left/9.mp4"});
  EXPECT_THAT(groups_of(data, Grouping::name, 2), testing::ElementsAre(0, 1, 0, 1, 2));
  EXPECT_TRUE(groups_of(data, Grouping::none, 2).empty());
}

TEST(EpochOrder, GroupsThatCannotBeAreRefused) {
  Dataset data{.name = "clips", .root = "", .classes = {}, .train = {}, .val = {}, .test = {}, .found_splits = {}};
  const auto refused = [&](const std::vector<std::string>& files) -> std::string {
    data.train = named(files);
    try {
      groups_of(data, Grouping::name, 2);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refused({"a/1.jpg", "b/1.jpg", "c/1.jpg"}), testing::HasSubstr("called '1' than a batch holds (2)"));
  EXPECT_THAT(refused({"a/1.jpg", "b/2.jpg"}), testing::HasSubstr("each of the 2 training photos has a name"));
  data.reads = Reads::text;
  EXPECT_THAT(refused({"a/1.jpg", "b/1.jpg"}), testing::HasSubstr("clips holds texts"));
}

TEST(EpochOrder, GroupsComeInOneBatchWhateverTheirSizes) {
  Random random(3);
  std::vector<Sample> samples(203);
  const PhotoSource source("", samples, ImageTransform(Preprocessing{}));
  std::vector<std::int64_t> groups;
  for (std::int64_t group = 0; groups.size() < samples.size(); ++group)
    groups.insert(groups.end(), std::min<std::size_t>(1 + random.below(3), samples.size() - groups.size()), group);
  for (const std::int64_t batch : {8, 50, 400}) {
    const auto order = epoch_order(source, batch, 1, 0, groups);
    EXPECT_EQ(sorted(order), counted(203)) << batch;
    EXPECT_NE(order, epoch_order(source, batch, 1, 1, groups));
    EXPECT_NE(order, epoch_order(source, batch, 2, 0, groups));
    EXPECT_EQ(order, epoch_order(source, batch, 1, 0, groups));
    std::map<std::int64_t, std::set<std::int64_t>> batches;  // of each group
    for (std::int64_t i = 0; i < std::ssize(order); ++i)
      batches[groups[order[i]]].insert(i / batch);
    const auto cut = std::ranges::count_if(batches, [](const auto& of) { return of.second.size() > 1; });
    EXPECT_LE(cut, 1) << batch;  // where the last ones leave no other way
  }
}

TEST(EpochOrder, AGroupIsCutWhereNoneFits) {
  std::vector<Sample> samples(9);
  const PhotoSource source("", samples, ImageTransform(Preprocessing{}));
  const std::vector<std::int64_t> groups = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto order = epoch_order(source, 4, seed, 0, groups);
    EXPECT_EQ(sorted(order), counted(9));
    EXPECT_EQ(groups[order[0]], groups[order[2]]);  // a whole one, and the next one's first
    EXPECT_EQ(groups[order[3]], groups[order[4]]);
    EXPECT_EQ(groups[order[4]], groups[order[5]]);
  }
}

TEST(EpochOrder, OfTextsHoldsEachOnceAndDependsOnSeedAndEpochAlone) {
  const auto source = mixed_texts();
  const auto first = epoch_order(*source, kBatch, 1, 0);
  EXPECT_EQ(sorted(first), counted(kTexts));
  EXPECT_EQ(first, epoch_order(*mixed_texts(), kBatch, 1, 0));
  EXPECT_NE(first, epoch_order(*source, kBatch, 2, 0));
  EXPECT_NE(first, epoch_order(*source, kBatch, 1, 1));
  EXPECT_EQ(sorted(epoch_order(*source, kBatch, 1, 1)), counted(kTexts));
  for (const std::int64_t batch_size : {1, 2, 1002, 1003, 2000})
    EXPECT_EQ(sorted(epoch_order(*source, batch_size, 1, 0)), counted(kTexts)) << batch_size;
}

TEST(EpochOrder, BatchesOfTextsComeInAnyOrderOfLength) {
  const auto source = mixed_texts();
  const auto order = epoch_order(*source, kBatch, 1, 0);
  std::vector<std::int64_t> lengths;
  for (std::size_t begin = 0; begin + kBatch <= order.size(); begin += kBatch)
    lengths.push_back(source->length(order[begin]));
  std::size_t rises = 0;
  for (std::size_t i = 1; i < lengths.size(); ++i)
    rises += lengths[i] > lengths[i - 1];
  EXPECT_GT(rises, lengths.size() / 3);
  EXPECT_LT(rises, 2 * lengths.size() / 3);
}

TEST(EpochOrder, BatchesOfTextsWasteLittle) {
  const auto source = mixed_texts();
  const auto wasted = [&](const std::vector<std::int64_t>& order) {
    double ids = 0, room = 0;
    for (std::size_t begin = 0; begin < order.size(); begin += kBatch) {
      std::int64_t longest = 0;
      for (std::size_t i = begin; i < std::min(begin + kBatch, order.size()); ++i) {
        longest = std::max(longest, source->length(order[i]));
        ids += static_cast<double>(source->length(order[i]));
      }
      room += static_cast<double>(longest * std::min<std::int64_t>(kBatch, std::ssize(order) - begin));
    }
    return 1 - ids / room;
  };
  EXPECT_GT(wasted(counted(kTexts)), 0.5);
  EXPECT_LT(wasted(epoch_order(*source, kBatch, 1, 0)), 0.06);
}

TEST(EpochOrder, ByLengthPutsTheShortestFirst) {
  const auto source = mixed_texts();
  const auto order = order_by_length(*source);
  EXPECT_EQ(sorted(order), counted(kTexts));
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto before = source->length(order[i - 1]), length = source->length(order[i]);
    EXPECT_TRUE(before < length || (before == length && order[i - 1] < order[i]));
  }
}

TEST(TextLoader, ABatchIsAsLongAsItsLongestTextRoundedUp) {
  const auto source = std::make_shared<TextSource>(
      std::vector<Sample>{{.input = "abc", .label = 2, .values = {0, 1}},
                          {.input = "abcdefgh", .label = 1, .pair = "ij", .values = {1, 0}},
                          {.input = std::string(30, 'a'), .label = 0, .values = {1, 1}}},
      std::make_shared<LetterTokenizer>(), 20, text::Truncation::kLongestFirst);
  Loader loader(source, {.batch_size = 2});
  const Batch first = *loader.next();
  ASSERT_EQ(first.ids.size(), 2u * 16);  // 1 + 8 + 1 + 2 + 1 = 13
  EXPECT_THAT(first.lengths, testing::ElementsAre(5, 13));
  EXPECT_THAT(std::vector(first.ids.begin(), first.ids.begin() + 16),
              testing::ElementsAre(1, 100, 101, 102, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9));
  EXPECT_THAT(std::vector(first.types.begin() + 16, first.types.end()),
              testing::ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0));
  EXPECT_THAT(first.labels, testing::ElementsAre(2, 1));
  EXPECT_THAT(first.values, testing::ElementsAre(0, 1, 1, 0));
  EXPECT_TRUE(first.images.empty());
  const Batch second = *loader.next();
  EXPECT_EQ(second.ids.size(), 20u);  // not 24: the model reads 20
  EXPECT_THAT(second.lengths, testing::ElementsAre(20));
}

TEST(TextLoader, AnEpochHasEachTextOnceWhateverTheWorkersAndWhereverItGoesOn) {
  const auto source = mixed_texts();
  const LoaderOptions options = {.batch_size = kBatch, .workers = 1, .prefetch = 1, .epochs = 2, .shuffle = true};
  Loader reference(source, options);
  const auto first = epoch_of(reference), second = epoch_of(reference);
  EXPECT_FALSE(first == second);
  std::vector<std::int64_t> seen;
  for (const Batch& batch : first) {
    const auto length = static_cast<std::int64_t>(batch.ids.size()) / batch.size();
    EXPECT_EQ(length % 8, 0);
    for (std::size_t i = 0; i < batch.indices.size(); ++i) {
      Row row;
      source->read(batch.indices[i], Random(0), row);
      const auto begin = batch.ids.begin() + static_cast<std::ptrdiff_t>(i) * length;
      EXPECT_TRUE(std::equal(row.ids.begin(), row.ids.end(), begin));
      EXPECT_TRUE(std::all_of(begin + batch.lengths[i], begin + length, [](auto id) { return id == 9; }));
      EXPECT_EQ(batch.labels[i], source->label(batch.indices[i]));
      seen.push_back(batch.indices[i]);
    }
  }
  EXPECT_EQ(sorted(seen), counted(kTexts));
  EXPECT_EQ(seen, epoch_order(*source, kBatch, 0, 0));

  for (const std::int64_t workers : {2, 5}) {
    LoaderOptions more = options;
    more.workers = workers;
    more.prefetch = 3;
    Loader other(source, more);
    auto batch = other.next();
    EXPECT_TRUE(*batch == first[0]);
    other.recycle(std::move(*batch));  // its memory comes back, its padding does not
    other.seek(1, 5);
    const auto rest = epoch_of(other);
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), second.begin() + 5, second.end()));
  }
}

}  // namespace
}  // namespace graft::data
