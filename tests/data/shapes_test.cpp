#include "graft/data/shapes.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

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

// pycocotools' letters of the same mask.
TEST(Shapes, AreasAreWrittenAsCocosToolsWriteThem) {
  io::IndexImage mask{53, 40, std::vector<std::uint8_t>(53 * 40), {}};
  const auto at = [&](int y, int x) -> std::uint8_t& { return mask.classes[static_cast<std::size_t>(y * 53 + x)]; };
  for (int y = 3; y < 30; ++y)
    for (int x = 10; x < 50; ++x)
      at(y, x) = 1;
  for (int y = 8; y < 12; ++y)
    for (int x = 5; x < 20; ++x)
      at(y, x) ^= 1;
  at(39, 52) = at(0, 0) = 1;
  const auto area = areas_of(mask).at(1);
  EXPECT_EQ(
      letters_of_runs(area.runs),
      "01_63eJ0000000K1UO=9CG=9CG=9CG=9CG=9CG=9CG=9CG=9CG=9CG=9900000000000000000000000000000000000000000000000000000"
      "00000d3VO");
  EXPECT_EQ(area.pixels, 1062);
  EXPECT_THAT((std::vector{area.left, area.top, area.right, area.bottom}), testing::ElementsAre(0, 0, 53, 40));
}

TEST(Shapes, AreasAreReadAsTheyWereWritten) {
  io::IndexImage mask{31, 27, std::vector<std::uint8_t>(31 * 27), {}};
  for (std::size_t i = 0; i < mask.classes.size(); ++i)
    mask.classes[i] = static_cast<std::uint8_t>((i * i / 7) % 5 == 0 ? 3 : i % 2);
  const auto areas = areas_of(mask);
  EXPECT_EQ(areas.size(), 3u);  // and no fourth
  for (const std::uint8_t of : {0, 1, 3}) {
    const auto& area = areas.at(of);
    EXPECT_EQ(runs_of_letters(letters_of_runs(area.runs)), area.runs);
    io::IndexImage again{31, 27, std::vector<std::uint8_t>(31 * 27), {}};
    fill_runs(area.runs, {27, 31}, [&](std::size_t pixel) { again.classes[pixel] = 1; });
    for (std::size_t i = 0; i < mask.classes.size(); ++i)
      ASSERT_EQ(again.classes[i] == 1, mask.classes[i] == of);
  }
}

}  // namespace
}  // namespace graft::data
