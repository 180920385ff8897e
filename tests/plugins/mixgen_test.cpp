#include "graft/plugins/mixing/mixgen/mixgen.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <string_view>

#include "graft/core/error.h"
#include "graft/plugins/mixing/captions.h"
#include "graft/plugins/mixing/mixer.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::plugins {
namespace {

// Four photos of one number each; captions of one to three words between 1 and 2.
const at::Tensor kPhotos = torch::tensor({0.0F, 1.0F, 2.0F, 3.0F}).view({4, 1, 1, 1}).expand({4, 3, 4, 4}).contiguous();
const at::Tensor kCaptions =
    torch::tensor({{1L, 10L, 2L, -1L, -1L}, {1L, 11L, 11L, 2L, -1L}, {1L, 12L, 2L, -1L, -1L}, {1L, 13L, 13L, 13L, 2L}});
const TextFrame kFrame{.before = 1, .behind = 1, .most = 6};

Mix mix_of(const OptionValues& options) {
  return mixgen::entry.parse(options)->draw(kPhotos.sizes(), Random(1));
}
std::vector<float> numbers(const at::Tensor& photos) {
  const auto one = photos.select(1, 0).select(1, 0).select(1, 0).contiguous();
  return {one.const_data_ptr<float>(), one.const_data_ptr<float>() + one.numel()};
}
at::Tensor captions_after(const OptionValues& options) {
  return mix_of(options).captions(kCaptions, kFrame);
}

TEST(MixGen, MixedPairsTakeTheirSourcesPlaceAndNoFalsePairIsLeft) {
  const auto mix = mix_of({{"share", "0.25"}});
  EXPECT_EQ(numbers(mix.values(kPhotos)), (std::vector<float>{0.5F, 2, 3}));
  EXPECT_TRUE(torch::equal(mix.captions(kCaptions, kFrame),
                           torch::tensor({{1L, 10L, 11L, 11L, 2L}, {1L, 12L, 2L, -1L, -1L}, {1L, 13L, 13L, 13L, 2L}})));
  EXPECT_EQ(numbers(mix_of({{"share", "0.5"}}).values(kPhotos)), (std::vector<float>{1, 2}));
}

TEST(MixGen, AsTheAuthorsHaveItTheSecondStaysInTheBatch) {
  const auto mix = mix_of({{"share", "0.25"}, {"sources", "kept"}});
  EXPECT_EQ(numbers(mix.values(kPhotos)), (std::vector<float>{0.5F, 1, 2, 3}));
  const auto captions = mix.captions(kCaptions, kFrame);
  EXPECT_TRUE(torch::equal(captions[0], torch::tensor({1L, 10L, 11L, 11L, 2L})));
  EXPECT_TRUE(torch::equal(captions.narrow(0, 1, 3), kCaptions.narrow(0, 1, 3)));
}

TEST(MixGen, MixesPhotosAloneOrTextsAlone) {
  const OptionValues photos = {{"texts", "own"}}, texts = {{"photos", "own"}};
  EXPECT_EQ(numbers(mix_of(photos).values(kPhotos)), (std::vector<float>{0.5F, 2, 3}));
  EXPECT_TRUE(torch::equal(captions_after(photos), kCaptions.index_select(0, torch::tensor({0L, 2L, 3L}))));
  EXPECT_EQ(numbers(mix_of(texts).values(kPhotos)), (std::vector<float>{0, 2, 3}));
  EXPECT_TRUE(torch::equal(captions_after(texts)[0], torch::tensor({1L, 10L, 11L, 11L, 2L})));
  EXPECT_EQ(mixgen::entry.parse(texts)->place(), MixPlace::features);
  EXPECT_EQ(mixgen::entry.parse(photos)->place(), MixPlace::input);
  EXPECT_FALSE(mixgen::entry.parse(photos)->joins_captions());
}

TEST(MixGen, LambdaOneLeavesThePhotosAndHalvesKeepTheirMean) {
  EXPECT_EQ(numbers(mix_of({{"lambda", "1"}}).values(kPhotos)), (std::vector<float>{0, 2, 3}));
  const at::Tensor x = torch::rand({4, 3, 4, 4});
  const auto mixed = mix_of({}).values(x);
  EXPECT_NEAR(mixed[0].mean().item<float>(), (x[0].mean() + x[1].mean()).item<float>() / 2, 1e-6);
}

TEST(MixGen, ACutPhotoHoldsABoxOfTheOther) {
  const auto mixed = mix_of({{"photos", "cut"}}).values(kPhotos);
  ASSERT_EQ(mixed.size(0), 3);
  const auto& first = mixed[0];
  EXPECT_TRUE(((first == 0).logical_or(first == 1)).all().item<bool>());
  EXPECT_GT((first == 1).sum().item<int64_t>(), 0);
  EXPECT_TRUE(torch::equal(mixed.narrow(0, 1, 2), kPhotos.narrow(0, 2, 2)));
}

TEST(MixGen, ABatchOfOneIsLeftAsItIs) {
  const auto mix = mixgen::entry.parse({})->draw({1, 3, 4, 4}, Random(1));
  EXPECT_TRUE(torch::equal(mix.values(kPhotos.narrow(0, 0, 1)), kPhotos.narrow(0, 0, 1)));
  EXPECT_TRUE(torch::equal(mix.captions(kCaptions.narrow(0, 0, 1), kFrame), kCaptions.narrow(0, 0, 1)));
}

TEST(MixGen, RefusesWhatCannotBe) {
  for (const char* bad : {"share=0", "share=0.6", "share=nan", "lambda=2", "prob=-1", "photos=own,texts=own"})
    EXPECT_THROW(Mixer(std::string("mixgen:") + bad), ConfigError) << bad;
  EXPECT_THROW(Mixer("mixgen").check_serves(data::Target::label), ConfigError);
  EXPECT_THROW(Mixer("mixup").check_serves(data::Target::caption), ConfigError);
  EXPECT_TRUE(Mixer("mixgen").joins_captions());
  EXPECT_FALSE(Mixer("mixgen:texts=own").joins_captions());
}

TEST(JoinedCaptions, LoseTheirEndWhereTheyAreTooLongAndKeepTheSpecialTokens) {
  const auto joined = joined_captions(kCaptions.narrow(0, 1, 1), kCaptions.narrow(0, 3, 1), kFrame);
  EXPECT_TRUE(torch::equal(joined, torch::tensor({{1L, 11L, 11L, 13L, 13L, 2L}})));
}

TEST(JoinedCaptions, AreToCLIPTheTextsWithABlankBetween) {
  const auto ids_of = [](std::string_view text) {
    const auto tokens = text::ClipTokenizer::shared().tokenize(text, 77, false).ids;
    return torch::tensor(at::IntArrayRef(std::vector<int64_t>(tokens.begin(), tokens.end()))).unsqueeze(0);
  };
  const auto first = ids_of("A man's red cap, 20% off"), second = ids_of("two navy-blue bags & a belt");
  const auto width = std::max(first.size(1), second.size(1));
  const auto widened = [&](const at::Tensor& ids) { return at::constant_pad_nd(ids, {0, width - ids.size(1)}, -1); };
  EXPECT_TRUE(torch::equal(joined_captions(widened(first), widened(second), {}),
                           ids_of("A man's red cap, 20% off two navy-blue bags & a belt")));
}

// Lengths 3, 4 and 5 (one, two and three words), room for 6 ids.
TEST(JoinedCaptions, WhatJoiningLosesIsCountedOverAllOrderedPairs) {
  const auto loss = joining_loss({{3, 1}, {4, 1}, {5, 1}}, kFrame);
  // Too long: 4 + 5 (3 words, room 2), 5 + 4 (2 words, room 1); 3 + 5 has room 3, 5 + 3 room 1.
  EXPECT_DOUBLE_EQ(loss.cut, 2.0 / 6);
  EXPECT_DOUBLE_EQ(loss.lost, 2.0 / 5);
  EXPECT_EQ(loss.nothing, 0);
  EXPECT_EQ(loss.longest, 5);
  EXPECT_DOUBLE_EQ(joining_loss({{6, 2}, {3, 1}}, kFrame).nothing, 4.0 / 6);
}

}  // namespace
}  // namespace graft::plugins
