#include "graft/discovery/clustering/core.h"

#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

Clusters of_one(int64_t rows) {
  return {.of = std::vector<int64_t>(static_cast<size_t>(rows), 0),
          .points = torch::ones({rows, 2}, at::kDouble),
          .centres = torch::ones({1, 2}, at::kDouble)};
}

TEST(Core, IsBelowNumpysPercentile) {
  const auto distances = golden("core/distances").contiguous(), kept = golden("core/kept");
  const auto* numbers = distances.const_data_ptr<double>();
  const auto core = core_of(of_one(distances.numel()), {numbers, numbers + distances.numel()}, 80);
  for (int64_t i = 0; i < distances.numel(); ++i)
    EXPECT_EQ(core[static_cast<size_t>(i)], kept[i].item<bool>()) << i;
}

TEST(Core, KeepsAllAt100AndOneOfEach) {
  EXPECT_EQ(core_of(of_one(3), {0.1, 0.3, 0.2}, 100), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(core_of(of_one(1), {0.4}, 80), (std::vector<bool>{true}));
  EXPECT_EQ(core_of(of_one(2), {0.4, 0.4}, 80), (std::vector<bool>{true, true}));
}

TEST(Core, DistancesAreOfCosines) {
  auto clusters = of_one(2);
  clusters.points = torch::tensor({{2.0, 2.0}, {1.0, 0.0}}, at::kDouble);
  const auto distances = distances_to_centre(clusters);
  EXPECT_NEAR(distances[0], 0, 1e-12);
  EXPECT_NEAR(distances[1], 1 - std::sqrt(0.5), 1e-12);
}

}  // namespace
}  // namespace graft::discovery
