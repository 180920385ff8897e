#include "graft/plugins/blocks/cbam/cbam.h"

#include "tests/plugins/block_golden.h"
#include "tests/plugins/gates_test.h"

namespace graft::plugins::cbam {
namespace {

TEST(Cbam, IsThePapersEquationsWithEitherGate) {
  expect_golden("cbam", {}, "cbam");
  expect_golden("cbam", {{"start", "paper"}}, "cbam.paper");
}

TEST(Cbam, StartsAtOneOrAsThePaperDoesNearAHalf) {
  expect_gates_at_one_or_near_a_half("cbam");
}

TEST(Cbam, IsAsNarrowAsAskedButFourChannelsWide) {
  expect_width_as_asked_but_four("cbam");
}

}  // namespace
}  // namespace graft::plugins::cbam
