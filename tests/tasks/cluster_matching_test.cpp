#include "graft/tasks/cluster_matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;

data::Mask mask(int width, std::vector<std::uint8_t> classes) {
  const int height = static_cast<int>(classes.size()) / width;
  return {width, height, std::move(classes), {}};
}

TEST(ClusterCells, CountWhatTheTruthTells) {
  const auto told = mask(3, {0, 1, 1, 2, 255, 1}), truth = mask(3, {0, 0, 1, 255, 1, 1});
  EXPECT_THAT(cells_of(told_beside(&told, truth), truth),
              ElementsAre(Cell{0, 0, 1}, Cell{0, 1, 1}, Cell{1, 0, 1}, Cell{1, 1, 2}));
  EXPECT_THAT(cells_of(told_beside(nullptr, truth), truth), ElementsAre(Cell{0, 0, 2}, Cell{0, 1, 3}));
}

TEST(ClusterCells, ASmallerMaskIsReadAtTheTruthsSize) {
  const auto told = mask(2, {0, 3}), truth = mask(4, {0, 0, 1, 1, 0, 0, 1, 0});
  EXPECT_THAT(cells_of(told_beside(&told, truth), truth), ElementsAre(Cell{0, 0, 4}, Cell{3, 0, 1}, Cell{3, 1, 3}));
}

// Three clusters and three classes, of which cluster 0 is best taken for class 1.
ClusterTable small_table() {
  return {3, 3, {1, 9, 0, 8, 0, 2, 0, 1, 5}};
}

TEST(ClusterMatching, OneToOneIsTheBestSumOfUnions) {
  const auto class_of = match_clusters(small_table(), Matching::one_to_one);
  EXPECT_THAT(class_of, ElementsAre(1, 0, 2));
  const auto scores = score_clusters(small_table(), class_of);
  EXPECT_NEAR(scores.iou[0], 8.0 / 11, 1e-12);  // of 9 pixels and 10 that are told
  EXPECT_NEAR(scores.iou[1], 9.0 / 11, 1e-12);
  EXPECT_NEAR(scores.iou[2], 5.0 / 8, 1e-12);
  EXPECT_NEAR(scores.miou, (8.0 / 11 + 9.0 / 11 + 5.0 / 8) / 3, 1e-12);
  EXPECT_NEAR(scores.accuracy, 22.0 / 26, 1e-12);
}

TEST(ClusterMatching, MoreClustersThanClassesAreTakenByMajorityOrLeft) {
  const ClusterTable table{4, 2, {10, 0, 6, 0, 0, 7, 0, 0}};
  const auto one = match_clusters(table, Matching::one_to_one);
  EXPECT_THAT(one, ElementsAre(0, -1, 1, -1));
  EXPECT_NEAR(score_clusters(table, one).iou[0], 10.0 / 16, 1e-12);  // what is told to be nothing is missed
  const auto majority = match_clusters(table, Matching::majority);
  EXPECT_THAT(majority, ElementsAre(0, 0, 1, -1));
  EXPECT_EQ(score_clusters(table, majority).miou, 1);
}

TEST(ClusterMatching, AClassWithoutAClusterIsMissed) {
  const ClusterTable table{1, 2, {4, 4}};
  const auto scores = score_clusters(table, match_clusters(table, Matching::one_to_one));
  EXPECT_NEAR(scores.miou, 0.25, 1e-12);
  EXPECT_NEAR(scores.accuracy, 0.5, 1e-12);
}

std::vector<PhotoCells> noisy_photos(int count, int classes, double right, unsigned seed) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<PhotoCells> photos;
  for (int i = 0; i < count; ++i) {
    std::vector<std::uint8_t> told, truth;
    for (int p = 0; p < 60; ++p) {
      const auto own = static_cast<std::uint8_t>(draw() % static_cast<unsigned>(classes));
      truth.push_back(own);
      // Cluster numbers are the classes' backwards.
      const bool is_right = uniform(draw) < right;
      told.push_back(is_right ? static_cast<std::uint8_t>(classes - 1 - own)
                              : static_cast<std::uint8_t>(draw() % static_cast<unsigned>(classes)));
    }
    const auto mask_told = mask(10, told), mask_truth = mask(10, truth);
    photos.push_back(cells_of(mask_told, mask_truth));
  }
  return photos;
}

TEST(ClusterMatching, FindsAPermutationAndHalvesAgree) {
  const auto photos = noisy_photos(40, 5, 0.8, 1);
  const auto table = table_of(photos, 5, 5);
  const auto class_of = match_clusters(table, Matching::one_to_one);
  EXPECT_THAT(class_of, ElementsAre(4, 3, 2, 1, 0));
  const auto whole = score_clusters(table, class_of);
  const auto halves = score_by_halves(photos, 5, 5, Matching::one_to_one, Random(1));
  EXPECT_NEAR(halves.miou, whole.miou, 0.01);
  EXPECT_EQ(halves.truth, whole.truth);
  EXPECT_EQ(halves.correct, whole.correct);
}

// Of clusters that say nothing, what matching finds by chance is gone where another half is scored.
TEST(ClusterMatching, HalvesLeaveNothingOfChance) {
  const auto photos = noisy_photos(6, 12, 0, 3);
  const auto table = table_of(photos, 12, 12);
  const double whole = score_clusters(table, match_clusters(table, Matching::one_to_one)).miou;
  double halves = 0;
  for (uint64_t seed = 0; seed < 20; ++seed)
    halves += score_by_halves(photos, 12, 12, Matching::one_to_one, Random(seed)).miou / 20;
  EXPECT_LT(halves, 0.8 * whole);
  EXPECT_NEAR(halves, 1.0 / 23, 0.01);  // of two independent twelfths
}

TEST(ClusterMatching, TheIntervalIsAsWideAsPhotosDiffer) {
  const auto photos = noisy_photos(80, 4, 0.7, 4);
  const auto table = table_of(photos, 4, 4);
  const auto class_of = match_clusters(table, Matching::one_to_one);
  const auto scores = score_clusters(table, class_of);
  const auto [miou, accuracy] = intervals_over_photos(photos, 4, class_of, Random(1));
  EXPECT_LT(miou.low, scores.miou);
  EXPECT_GT(miou.high, scores.miou);
  // Pixels are drawn one by one here: 4,800 of them.
  const double half = 1.96 * std::sqrt(scores.accuracy * (1 - scores.accuracy) / 4800);
  EXPECT_NEAR(accuracy.high - accuracy.low, 2 * half, 0.4 * half);
}

}  // namespace
}  // namespace graft::tasks
