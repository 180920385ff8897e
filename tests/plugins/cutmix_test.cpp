#include "graft/plugins/mixing/cutmix/cutmix.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace graft::plugins {
namespace {

TEST(CutMix, ABoxHasTheSharesSidesAndIsCutOffAtTheEdge) {
  // A quarter of 8 x 12 is 4 x 6.
  EXPECT_EQ(box_around(4, 6, 8, 12, 0.75), (Box{2, 3, 6, 9}));
  EXPECT_DOUBLE_EQ(share_left({2, 3, 6, 9}, 8, 12), 0.75);
  EXPECT_EQ(box_around(0, 11, 8, 12, 0.75), (Box{0, 8, 2, 12}));
  EXPECT_DOUBLE_EQ(share_left({0, 8, 2, 12}, 8, 12), 1 - 8.0 / 96);
  EXPECT_EQ(box_around(3, 3, 8, 12, 1), (Box{3, 3, 3, 3}));
  EXPECT_EQ(share_left(box_around(4, 6, 8, 12, 0), 8, 12), 0);
}

TEST(CutMix, PastesThePartnersBoxAndNothingElse) {
  const at::Tensor x = torch::stack({torch::zeros({1, 3, 3}), torch::ones({1, 3, 3})});
  const at::Tensor mixed = paste(x, torch::tensor({1, 0}, at::kLong), {{0, 0, 1, 2}, {2, 2, 3, 3}});
  EXPECT_EQ(mixed[0].sum().item<float>(), 2);
  EXPECT_EQ(mixed[0][0][0][1].item<float>(), 1);
  EXPECT_EQ(mixed[1].sum().item<float>(), 8);
  EXPECT_EQ(mixed[1][0][2][2].item<float>(), 0);
  EXPECT_EQ(x[0].sum().item<float>(), 0);  // what was given is as it was
}

TEST(CutMix, TheLabelKeepsTheShareOfThePhotoThatIsLeft) {
  for (const char* lambda : {"batch", "example"}) {
    const auto mixing = cutmix::entry.parse({{"lambda", lambda}});
    for (uint64_t seed = 0; seed < 20; ++seed) {
      // Photos of one number each, so that what came from the partner can be counted.
      const at::Tensor x = torch::arange(4, at::kFloat).view({4, 1, 1, 1}).expand({4, 2, 9, 7});
      const Mix mix = mixing->draw(x.sizes(), Random(seed));
      const at::Tensor own = (mix.values(x) == x).to(at::kDouble).mean({1, 2, 3});
      const at::Tensor other = mix.partner != torch::arange(4);
      EXPECT_TRUE(torch::allclose(own.masked_select(other), mix.kept.masked_select(other))) << seed;
    }
  }
}

TEST(CutMix, OfAClipTheBoxIsTheSameInEveryFrame) {
  const at::Tensor clips = torch::arange(3, at::kFloat).view({3, 1, 1, 1, 1}).expand({3, 4, 2, 6, 6});
  const Mix mix = cutmix::entry.parse({})->draw(clips.sizes(), Random(5));
  const at::Tensor mixed = mix.values(clips);
  for (int64_t frame = 1; frame < 4; ++frame)
    EXPECT_TRUE(torch::equal(mixed.select(1, frame), mixed.select(1, 0)));
}

}  // namespace
}  // namespace graft::plugins
