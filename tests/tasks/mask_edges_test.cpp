#include "graft/tasks/mask_edges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "graft/tasks/pixel_counts.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;

data::Mask of_rows(int width, std::vector<std::uint8_t> classes) {
  const int height = static_cast<int>(classes.size()) / width;
  return {width, height, std::move(classes), {}};
}

TEST(MaskEdges, AreWithinReachOfAnotherNumberOrTheEnd) {
  const auto photo = of_rows(5, {1, 1, 1, 1, 1,  //
                                 1, 1, 1, 1, 1,  //
                                 1, 1, 1, 1, 1,  //
                                 1, 1, 1, 1, 2,  //
                                 1, 1, 1, 1, 1});
  EXPECT_THAT(edges_of(photo, 1), ElementsAre(1, 1, 1, 1, 1,  //
                                              1, 0, 0, 0, 1,  //
                                              1, 0, 0, 1, 1,  //
                                              1, 0, 0, 1, 1,  //
                                              1, 1, 1, 1, 1));
  EXPECT_EQ(std::ranges::count(edges_of(photo, 3), 1), 25);
}

// By looking at every neighbour.
std::vector<uint8_t> edges_looked_up(const data::Mask& mask, int width) {
  std::vector<uint8_t> edges;
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      bool edge = false;
      for (int v = y - width; v <= y + width; ++v) {
        for (int u = x - width; u <= x + width; ++u) {
          const bool inside = v >= 0 && u >= 0 && v < mask.height && u < mask.width;
          edge = edge || !inside ||
                 mask.classes[static_cast<size_t>(v * mask.width + u)] !=
                     mask.classes[static_cast<size_t>(y * mask.width + x)];
        }
      }
      edges.push_back(edge ? 1 : 0);
    }
  }
  return edges;
}

TEST(MaskEdges, AreThoseOfEveryNeighbourLookedAt) {
  std::mt19937 draws(3);
  for (int round = 0; round < 40; ++round) {
    data::Mask mask{23, 17, std::vector<uint8_t>(23 * 17), {}};
    const int square = 3 + static_cast<int>(draws() % 6);
    for (size_t i = 0; i < mask.classes.size(); ++i)
      mask.classes[i] = static_cast<uint8_t>((i % 23 / square + i / 23 / square) % 3 + (draws() % 60 == 0 ? 1 : 0));
    const int width = 1 + static_cast<int>(draws() % 3);
    EXPECT_EQ(edges_of(mask, width), edges_looked_up(mask, width));
  }
}

at::Tensor sides_between(const data::Mask& told, const data::Mask& truth, const std::vector<int64_t>& class_of,
                         int64_t classes) {
  return edge_sides(told, truth, edges_of(truth, edge_width({truth.height, truth.width})), class_of, classes);
}

TEST(MaskEdges, OfAClassAreNotWhereItsNumbersMeet) {
  const auto truth = of_rows(6, std::vector<uint8_t>(36, 1));
  auto told = truth;
  for (size_t i = 0; i < 36; i += 6)
    told.classes[i] = told.classes[i + 1] = told.classes[i + 2] = 4;
  const auto sides = sides_between(told, truth, {-1, 1, -1, -1, 1}, 2);
  EXPECT_EQ(iou_of(sides)[1].item<double>(), 1);
  EXPECT_EQ(sides[0][1].item<int64_t>(), 20);
  EXPECT_EQ(sides_between(told, truth, {-1, 1, -1, -1, -1}, 2)[1][1].item<int64_t>(), 14);  // half of it is told
}

TEST(MaskEdges, UntoldPixelsAreNotCounted) {
  const auto truth = of_rows(3, {0, 0, 0, 255, 255, 255, 1, 1, 1});
  const auto sides = sides_between(of_rows(3, {0, 0, 0, 0, 0, 0, 0, 0, 0}), truth, {0}, 2);
  EXPECT_EQ(sides[1][0].item<int64_t>(), 6);
  EXPECT_EQ(edge_width({480, 640}), 16);
  EXPECT_EQ(edge_width({3, 3}), 1);
}

}  // namespace
}  // namespace graft::tasks
