#include "graft/plugins/blocks/se/se.h"

#include "tests/plugins/block_golden.h"
#include "tests/plugins/gates_test.h"

namespace graft::plugins::se {
namespace {

TEST(SqueezeExcitation, IsThePapersEquationsWithEitherGate) {
  expect_golden("se", {}, "se");
  expect_golden("se", {{"start", "paper"}}, "se.paper");
}

TEST(SqueezeExcitation, StartsAtOneOrAsThePaperDoesNearAHalf) {
  expect_gates_at_one_or_near_a_half("se");
}

TEST(SqueezeExcitation, IsAsNarrowAsAskedButFourChannelsWide) {
  expect_width_as_asked_but_four("se");
}

}  // namespace
}  // namespace graft::plugins::se
