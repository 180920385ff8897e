#include "graft/plugins/blocks/gc/gc.h"

#include <gmock/gmock.h>

#include "tests/plugins/block_golden.h"

namespace graft::plugins::gc {
namespace {

TEST(GlobalContext, IsThePapersEquation) {
  expect_golden("gc", {}, "gc");
}

TEST(GlobalContext, AddsTheSameToAllPositions) {
  const auto block = made_block("gc", {}, 8);
  {
    const torch::NoGradGuard no_grad;
    block->named_parameters()["up_weight"].normal_();
  }
  const torch::NoGradGuard no_grad;
  const auto x = torch::randn({2, 8, 3, 5});
  const auto added = run_block(*block, x, {}) - x;
  EXPECT_TRUE(at::allclose(added, added.narrow(2, 0, 1).narrow(3, 0, 1).expand_as(added), 1e-5, 1e-5));
  EXPECT_GT(added.abs().max().item<float>(), 0.1);
}

}  // namespace
}  // namespace graft::plugins::gc
