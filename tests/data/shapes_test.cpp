#include "graft/data/shapes.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "tests/io/expect_error.h"

namespace graft::data {
namespace {

void ignore(std::size_t) {}

TEST(Shapes, ACornerThatIsNowhereNearIsRefused) {
  const auto infinity = std::numeric_limits<double>::infinity();
  for (const double far : {1e300, -1e8, infinity, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_ERROR(fill_polygons({{0, 0, 4, 0, 4, far}}, {4, 4}, ignore), DataError, "a polygon with a corner at");
  std::size_t filled = 0;
  fill_polygons({{-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6}}, {4, 5}, [&](std::size_t) { ++filled; });
  EXPECT_EQ(filled, 20u);
}

TEST(Shapes, LettersOfARunThatNoPhotoHoldsAreRefused) {
  EXPECT_ERROR(runs_of_letters("ooooooooooo0"), DataError, "runs in letters");  // would grow past what counts hold
  EXPECT_ERROR(runs_of_letters(std::string(11, 'o') + "?"), DataError, "runs in letters");
}

}  // namespace
}  // namespace graft::data
