#include "graft/discovery/saliency/lost/lost.h"

#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

TEST(Lost, DegreesSeedAndExpansionAreThePapers) {
  for (const auto* grid : kGrids) {
    const auto key = std::string("grid.") + grid + "/lost.";
    const auto found = lost::expand(seen_grid(grid).patches->keys, 100);
    EXPECT_TRUE(torch::equal(found.degree, golden(key + "degree"))) << grid;
    EXPECT_EQ(found.seed, golden(key + "seed").item<int64_t>()) << grid;
    EXPECT_LT(largest_difference(found.sum, golden(key + "sum")), 1e-9 * golden(key + "sum").abs().max().item<double>())
        << grid;
  }
}

TEST(Lost, MaskIsTheSeedsPartAndAMaskOfEverythingIsNone) {
  for (const auto* grid : kGrids) {
    const auto mask = golden(std::string("grid.") + grid + "/lost.mask");
    const auto found = make_saliency("lost")->find(seen_grid(grid));
    if (mask.all().item<bool>()) {
      EXPECT_FALSE(found.map.defined()) << grid;
      EXPECT_EQ(found.why, "every patch stands out");
    } else {
      expect_map(found, mask, grid);
    }
  }
  EXPECT_FALSE(make_saliency("lost")->find(seen_nothing()).map.defined());
}

}  // namespace
}  // namespace graft::discovery
