#include "graft/plugins/mixing/mixer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<int64_t> kSizes = {6, 3, 8, 8};

TEST(Mixer, ThoseWithoutAChanceShareWhatIsLeft) {
  EXPECT_THAT(Mixer("mixup").chances(), ElementsAre(1));
  EXPECT_THAT(Mixer("mixup,cutmix").chances(), ElementsAre(0.5, 0.5));
  EXPECT_THAT(Mixer("mixup:alpha=0.2,prob=0.3,cutmix").chances(), ElementsAre(0.3, 0.7));
  EXPECT_THAT(Mixer("mixup:prob=0.25,cutmix:prob=0.25,mixup:at=random").chances(), ElementsAre(0.25, 0.25, 0.5));
  EXPECT_TRUE(Mixer("mixup,cutmix").mixes(MixPlace::input));
  EXPECT_FALSE(Mixer("mixup:at=features,cutmix:prob=0").mixes(MixPlace::input));
}

TEST(Mixer, EachHasItsTurnAsOftenAsItsChanceSays) {
  const Mixer mixer("mixup:prob=0.2,at=features,cutmix:prob=0.5");
  int features = 0, input = 0;
  for (int64_t number = 0; number < 2000; ++number) {
    const bool here = mixer.draw(MixPlace::features, 1, 0, number, kSizes).has_value();
    const bool there = mixer.draw(MixPlace::input, 1, 0, number, kSizes).has_value();
    EXPECT_FALSE(here && there);
    features += here ? 1 : 0;
    input += there ? 1 : 0;
  }
  EXPECT_NEAR(features, 400, 75);  // four standard errors
  EXPECT_NEAR(input, 1000, 90);
}

TEST(Mixer, WhatIsDrawnHangsOnSeedEpochAndNumberAlone) {
  const auto kept = [](uint64_t seed, int64_t epoch, int64_t number) {
    return Mixer("mixup").draw(MixPlace::input, seed, epoch, number, kSizes)->kept[0].item<double>();
  };
  EXPECT_EQ(kept(1, 2, 3), kept(1, 2, 3));
  EXPECT_NE(kept(1, 2, 3), kept(2, 2, 3));
  EXPECT_NE(kept(1, 2, 3), kept(1, 3, 2));
  EXPECT_NE(kept(1, 2, 3), kept(1, 2, 4));
}

TEST(Mixer, WhatCannotBeReadIsRefusedInOneLine) {
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "names no mixing"},
           {"mixop", "Did you mean 'mixup'?"},
           {"mixup,alpha", "alpha"},
           {"alpha=1", "expected a mixing with its options"},
           {"mixup:=1", "expected a mixing with its options"},
           {"mixup:", "expected a mixing with its options"},
           {"mixup:alpha", "expected a mixing with its options"},
           {"mixup:alpha=1,alpha=2", "set twice"},
           {"mixup:gamma=1", "gamma"},
           {"mixup:alpha=0", "--alpha: expected more than 0, got 0"},
           {"cutmix:alpha=-1", "--alpha: expected more than 0, got -1"},
           {"mixup:prob=1.5", "--prob: expected 0 to 1, got 1.5"},
           {"mixup:prob=0.6,cutmix:prob=0.6", "expected at most 1, got 1.2"},
           {"cutmix:at=features", "'at'"}}) {
    try {
      Mixer mixer(text);
      ADD_FAILURE() << text << " was taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(said)) << text;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << text;
    }
  }
}

// What every mixing promises.
class MixingContract : public ::testing::TestWithParam<const MixingEntry*> {
 protected:
  std::unique_ptr<Mixing> mixing_ = GetParam()->parse({});
};

TEST_P(MixingContract, WhatItDrawsHangsOnItsRandomNumbersAlone) {
  const at::Tensor x = torch::rand(kSizes);
  const Mix a = mixing_->draw(x.sizes(), Random(4)), b = mixing_->draw(x.sizes(), Random(4));
  EXPECT_TRUE(torch::equal(a.values(x), b.values(x)));
  EXPECT_TRUE(torch::equal(a.kept, b.kept));
  EXPECT_TRUE(torch::equal(a.partner, b.partner));
}

TEST_P(MixingContract, LeavesWhatItIsGivenAndMakesTheSameShapeOrAsManyPairsAsCaptions) {
  const at::Tensor x = torch::rand(kSizes), before = x.clone();
  const Mix mix = mixing_->draw(x.sizes(), Random(4));
  const at::Tensor mixed = mix.values(x);
  EXPECT_TRUE(torch::equal(x, before));
  EXPECT_EQ(mixed.sizes().slice(1), x.sizes().slice(1));
  const at::Tensor captions = torch::tensor({{1L, 5L, 2L}}).expand({6, 3});
  EXPECT_EQ(mixed.size(0), mix.captions ? mix.captions(captions, {}).size(0) : x.size(0));
  EXPECT_NE(mixing_->serves(data::Target::label), mixing_->serves(data::Target::caption));
  EXPECT_EQ(mix.captions != nullptr, mixing_->serves(data::Target::caption));
  EXPECT_EQ(mixed.scalar_type(), x.scalar_type());
  EXPECT_FALSE(torch::equal(mixed, x));
}

TEST_P(MixingContract, EachLabelKeepsAShareAndLosesNone) {
  const Mix mix = mixing_->draw(kSizes, Random(9));
  EXPECT_TRUE(((mix.kept >= 0) & (mix.kept <= 1)).all().item<bool>());
  EXPECT_EQ(mix.kept.scalar_type(), at::kDouble);
  const at::Tensor target = mixed_targets(torch::tensor({0, 1, 2, 0, 1, 2}, at::kLong), 3, mix);
  EXPECT_TRUE(torch::allclose(target.sum(1), torch::ones({6})));
}

TEST_P(MixingContract, ABatchOfOneIsAsItWas) {
  const at::Tensor x = torch::rand({1, 3, 8, 8});
  const Mix mix = mixing_->draw(x.sizes(), Random(4));
  EXPECT_TRUE(torch::allclose(mix.values(x), x));
  EXPECT_TRUE(torch::allclose(mixed_targets(torch::tensor({1}, at::kLong), 2, mix), torch::tensor({{0.0F, 1.0F}})));
}

TEST_P(MixingContract, RefusesOptionsThatItLacks) {
  EXPECT_THROW(GetParam()->parse({{"of-no-mixing", "1"}}), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Mixings, MixingContract, ::testing::ValuesIn(mixings()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace graft::plugins
