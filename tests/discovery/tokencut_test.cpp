#include "graft/discovery/saliency/tokencut/tokencut.h"

#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

TEST(TokenCut, IsScipysGeneralisedEigenvectorAndItsMask) {
  for (const auto* grid : kGrids) {
    const auto photo = seen_grid(grid);
    const auto key = std::string("grid.") + grid + "/tokencut.";
    const auto cut = normalised_cut(tokencut::affinity(photo.patches->keys, {}), EigenSolver::dense);
    EXPECT_NEAR(cut.value, golden(key + "value").item<double>(), 1e-10) << grid;
    const auto x = tokencut::turned_cut(photo.patches->keys, {.solver = EigenSolver::dense});
    EXPECT_LT(largest_difference(x, golden(key + "x")), 1e-8) << grid;
    expect_map(make_saliency("tokencut")->find(photo), golden(key + "mask"), grid);
  }
}

TEST(TokenCut, LanczosGivesTheSameMask) {
  for (const auto* grid : kGrids) {
    const auto key = std::string("grid.") + grid + "/tokencut.mask";
    expect_map(make_saliency("tokencut:solver=lanczos")->find(seen_grid(grid)), golden(key), grid);
  }
}

TEST(TokenCut, FindsNothingInAPhotoOfOneColour) {
  EXPECT_FALSE(make_saliency("tokencut")->find(seen_nothing()).map.defined());
  auto one = seen_grid("one");
  one.patches->keys = one.patches->keys.narrow(0, 0, 1);
  one.patches->grid = {1, 1};
  EXPECT_FALSE(make_saliency("tokencut")->find(one).map.defined());
}

TEST(TokenCut, FindsNothingWhereNoPatchIsLikeAnother) {
  auto photo = seen_grid("one");
  photo.patches->keys = torch::eye(12);
  photo.patches->grid = {3, 4};
  const auto found = make_saliency("tokencut")->find(photo);
  EXPECT_FALSE(found.map.defined());
  EXPECT_FALSE(found.why.empty());
}

}  // namespace
}  // namespace graft::discovery
