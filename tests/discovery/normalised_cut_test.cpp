#include "graft/discovery/saliency/normalised_cut.h"

#include "graft/discovery/saliency/components.h"
#include "tests/discovery/golden.h"
#include "tests/support/tiny_models.h"

namespace graft::discovery {
namespace {

// Two groups, joined inside and hardly between.
at::Tensor two_groups(int64_t nodes) {
  const auto place = torch::arange(nodes, at::kDouble);
  const auto group = (place < nodes / 3).to(at::kDouble) * 2 - 1;
  const auto noise = graft::testing::random_tensor({nodes, nodes}, 3).to(at::kDouble);
  return (group.unsqueeze(1) * group.unsqueeze(0) + 1.1) * (0.5 + (noise + noise.t()).abs());
}

TEST(NormalisedCut, SolvesTheGeneralisedProblemByEitherWay) {
  for (const int64_t nodes : {2, 3, 17, 160, 450}) {
    const auto affinity = two_groups(nodes);
    const auto degree = affinity.sum(1);
    for (const auto solver : {EigenSolver::dense, EigenSolver::lanczos}) {
      const auto [x, value] = normalised_cut(affinity, solver);
      const auto left = degree * x - at::mv(affinity, x), right = value * degree * x;
      EXPECT_LT(largest_difference(left, right), 1e-7) << nodes;
      EXPECT_NEAR((degree * x * x).sum().item<double>(), 1, 1e-9) << nodes;
      EXPECT_NEAR((degree * x).sum().item<double>(), 0, 1e-6) << nodes;  // not the first eigenvector
    }
    EXPECT_NEAR(normalised_cut(affinity, EigenSolver::dense).value,
                normalised_cut(affinity, EigenSolver::lanczos).value, 1e-9);
  }
}

TEST(Components, PartsShareEdges) {
  const auto mask = torch::tensor({{1, 0, 1, 1}, {0, 1, 0, 1}, {1, 1, 0, 0}}).to(at::kBool);
  const auto of_corner = torch::tensor({{0, 0, 1, 1}, {0, 0, 0, 1}, {0, 0, 0, 0}}).to(at::kBool);
  EXPECT_TRUE(torch::equal(component_of(mask, 3), of_corner));
  EXPECT_EQ(component_of(mask, 1).sum().item<int64_t>(), 0);
  EXPECT_TRUE(torch::equal(largest_component(mask), of_corner));  // of two of three the first
  EXPECT_EQ(largest_component(torch::zeros({2, 2}, at::kBool)).sum().item<int64_t>(), 0);
  const auto all = components(mask);
  EXPECT_EQ(all.sizes, (std::vector<int64_t>{1, 3, 3}));
  EXPECT_TRUE(torch::equal(all.labels, torch::tensor({{1, 0, 2, 2}, {0, 3, 0, 2}, {3, 3, 0, 0}}, at::kInt)));
}

}  // namespace
}  // namespace graft::discovery
