#include "graft/discovery/saliency/found/found.h"

#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

TEST(Found, WeightsSeedAndLikenessAreThePapers) {
  for (const auto* grid : kGrids) {
    const auto key = std::string("grid.") + grid + "/found.";
    const auto background = found::background_of(*seen_grid(grid).patches);
    EXPECT_LT(largest_difference(background.weights, golden(key + "weights")), 1e-12) << grid;
    EXPECT_EQ(background.seed, golden(key + "seed").item<int64_t>()) << grid;
    EXPECT_LT(largest_difference(background.likeness, golden(key + "likeness")), 1e-12) << grid;
    expect_map(make_saliency("found")->find(seen_grid(grid)), golden(key + "mask"), grid);
  }
}

TEST(Found, FindsNothingInAPhotoOfOneColour) {
  EXPECT_FALSE(make_saliency("found")->find(seen_nothing()).map.defined());
}

}  // namespace
}  // namespace graft::discovery
