#include "graft/discovery/saliency/attention/attention.h"

#include "graft/core/error.h"
#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

TEST(Attention, KeepsTheLargestThatHoldTheMass) {
  const auto row = torch::tensor({0.1, 0.4, 0.2, 0.3}, at::kDouble);
  EXPECT_TRUE(torch::equal(attention::largest_mass(row, 0.65), torch::tensor({false, true, false, true})));
  EXPECT_TRUE(torch::equal(attention::largest_mass(row, 0.75), torch::tensor({false, true, true, true})));
}

TEST(Attention, MasksAreDinos) {
  for (const auto* grid : kGrids) {
    const auto key = std::string("grid.") + grid + "/attention.";
    expect_map(make_saliency("attention")->find(seen_grid(grid)), golden(key + "mask"), grid);
    expect_map(make_saliency("attention:head=1")->find(seen_grid(grid)), golden(key + "head1"), grid);
  }
  EXPECT_THROW(make_saliency("attention:head=3")->find(seen_grid("one")), ConfigError);
  EXPECT_THROW(make_saliency("attention:mass=1"), ConfigError);
}

}  // namespace
}  // namespace graft::discovery
