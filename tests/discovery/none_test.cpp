#include "graft/discovery/refinement/refinement.h"
#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

TEST(NoRefinement, GivesTheMapItself) {
  const auto map = torch::rand({3, 4});
  EXPECT_TRUE(torch::equal(make_refinement("none")->refine({.width = 4, .height = 3, .rgb = {}}, map), map));
}

}  // namespace
}  // namespace graft::discovery
