#include "graft/discovery/refinement/bilateral/bilateral.h"

#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

data::Image image_of(const at::Tensor& pixels) {  // [H, W, 3] uint8
  const auto* bytes = pixels.const_data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(pixels.size(1)),
          .height = static_cast<int>(pixels.size(0)),
          .rgb = {bytes, bytes + pixels.numel()}};
}

TEST(Bilateral, IsTheDenseSolutionOfItsEquations) {
  const auto image = image_of(golden("bilateral/image"));
  const BilateralGrid grid(image, {.spatial = 4, .luma = 16, .chroma = 8});
  EXPECT_EQ(grid.cells(), golden("bilateral/cells").item<int64_t>());
  const auto map = golden("bilateral/map").contiguous();
  const auto* numbers = map.const_data_ptr<double>();
  bilateral::Options options;
  options.lambda = 64;
  options.tolerance = 1e-12;
  options.iterations = 2000;
  const auto solved = bilateral::solve(grid, {numbers, numbers + map.numel()}, options);
  EXPECT_LT(largest_difference(torch::tensor(solved, at::kDouble).view(map.sizes()), golden("bilateral/solved")), 1e-9);
  // As it is used: a tolerance of 1e-5.
  const auto refined = make_refinement("bilateral:sigma-spatial=4,lambda=64")->refine(image, map.to(at::kFloat));
  EXPECT_LT(largest_difference(refined, golden("bilateral/solved").clamp(0, 1)), 2e-3);
}

TEST(Bilateral, MovesACoarseMaskToTheEdge) {
  data::Image image{.width = 40, .height = 40, .rgb = std::vector<std::uint8_t>(40 * 40 * 3, 30)};
  auto truth = torch::zeros({40, 40});
  for (int y = 10; y < 30; ++y) {
    for (int x = 13; x < 33; ++x) {
      truth[y][x] = 1;
      for (int channel = 0; channel < 3; ++channel)
        image.rgb[static_cast<size_t>(3 * (40 * y + x) + channel)] = static_cast<std::uint8_t>(channel == 0 ? 220 : 90);
    }
  }
  auto coarse = torch::zeros({40, 40});
  coarse.narrow(0, 8, 16).narrow(1, 8, 24).fill_(1);  // five columns too far left, six rows too short
  const auto share_wrong = [&](const at::Tensor& map) {
    return ((map > 0.5) != (truth > 0.5)).to(at::kFloat).mean().item<double>();
  };
  EXPECT_GT(share_wrong(coarse), 0.15);
  EXPECT_LT(share_wrong(make_refinement("bilateral")->refine(image, coarse)), 0.01);
}

TEST(Bilateral, AnEmptyMapStaysEmpty) {
  const data::Image image{.width = 5, .height = 4, .rgb = std::vector<std::uint8_t>(60, 128)};
  EXPECT_EQ(make_refinement("bilateral")->refine(image, torch::zeros({4, 5})).abs().max().item<double>(), 0);
  EXPECT_NEAR(make_refinement("bilateral")->refine(image, torch::ones({4, 5})).min().item<double>(), 1, 1e-6);
}

}  // namespace
}  // namespace graft::discovery
