#include "graft/discovery/saliency/selfmask/selfmask.h"

#include "graft/core/error.h"
#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

at::Tensor selfmask_golden(const std::string& name) {
  static const auto all = nn::read_tensors(source_dir() / "tests/golden/selfmask.safetensors");
  return all.at(name);
}

TEST(SelfMask, CutIsScipysGeneralisedEigenproblemWrittenOut) {
  for (const auto* grid : kGrids) {
    const auto key = std::string(grid) + "/";
    const auto cut = selfmask::cosine_cut(seen_grid(grid).patches->keys, 4);
    const auto expected = selfmask_golden(key + "vectors");  // x' W x = 1
    const auto signs = (cut * expected).sum(0).sign();
    EXPECT_LT(largest_difference(cut * signs, expected), 1e-8) << grid;
    EXPECT_LT((cut.select(1, 0) - cut.select(1, 0).mean()).abs().max().item<double>(), 1e-10) << grid;
  }
}

// Fewer patches than features: the span is all there is.
TEST(SelfMask, CutOfFewPatchesIsAsGood) {
  const auto rows = seen_grid("one").patches->keys.narrow(0, 0, 12);
  const auto cut = selfmask::cosine_cut(rows, 4);
  const auto signs = (cut * selfmask_golden("few/vectors")).sum(0).sign();
  EXPECT_LT(largest_difference(cut * signs, selfmask_golden("few/vectors")), 1e-8);
}

TEST(SelfMask, CandidatesAndTheWinnerAreThePapers) {
  for (const auto* grid : {"one", "two", "wide"}) {
    const auto key = std::string(grid) + "/";
    const auto photo = seen_grid(grid);
    const auto ours = selfmask::candidates_of(photo.patches->keys, photo.patches->grid, {});
    const auto theirs = selfmask_golden(key + "candidates").to(at::kBool);
    ASSERT_EQ(ours.sizes(), theirs.sizes()) << grid;
    EXPECT_TRUE(torch::equal(ours.narrow(0, 0, 2), theirs.narrow(0, 0, 2)) ||
                torch::equal(ours.narrow(0, 0, 2).flip(0), theirs.narrow(0, 0, 2)))
        << grid;  // the two clusters, whichever is called the first
    EXPECT_EQ(selfmask::winner_of(theirs), selfmask_golden(key + "winner").item<int64_t>()) << grid;
  }
}

TEST(SelfMask, WhatSpansThePhotoDoesNotVote) {
  auto masks = torch::zeros({5, 6, 7}, at::kBool);
  masks[0].narrow(0, 2, 2).fill_(true);                  // from left to right
  masks[1].narrow(1, 3, 1).fill_(true);                  // from top to bottom
  masks[2].narrow(0, 1, 3).narrow(1, 1, 3).fill_(true);  // 9
  masks[3].narrow(0, 1, 3).narrow(1, 1, 4).fill_(true);  // 12, agrees with both others
  masks[4].narrow(0, 1, 3).narrow(1, 2, 5).fill_(true);  // 15
  EXPECT_EQ(selfmask::winner_of(masks), 3);
  EXPECT_EQ(selfmask::winner_of(masks.narrow(0, 0, 2)), -1);
  EXPECT_EQ(selfmask::winner_of(torch::zeros({2, 3, 3}, at::kBool)), -1);  // nor what is empty
}

TEST(SelfMask, FindsTheObjectOfAGridByItsKeys) {
  const auto found = make_saliency("selfmask:of=keys,upsample=1")->find(seen_grid("one"));
  ASSERT_TRUE(found.map.defined()) << found.why;
  auto object = torch::zeros({7, 9}, at::kBool);
  object.narrow(0, 2, 3).narrow(1, 3, 4).fill_(true);
  const auto mask = found.map > 0.5;
  EXPECT_GT((mask & object).sum().item<double>() / (mask | object).sum().item<double>(), 0.9);
}

TEST(SelfMask, FindsNothingInAPhotoOfOneColour) {
  const auto found = make_saliency("selfmask:of=keys")->find(seen_nothing());
  EXPECT_FALSE(found.map.defined());
  EXPECT_EQ(found.why, "its patches are all alike");
}

TEST(SelfMask, RefusesOptionsThatCannotBe) {
  EXPECT_THROW(make_saliency("selfmask:of=keys+walues"), ConfigError);
  EXPECT_THROW(make_saliency("selfmask:of="), ConfigError);
  EXPECT_THROW(make_saliency("selfmask:upsample=0"), ConfigError);
  EXPECT_THROW(make_saliency("selfmask:most=1"), ConfigError);
}

}  // namespace
}  // namespace graft::discovery
