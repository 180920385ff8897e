#include "graft/detection/resampling.h"

#include <gtest/gtest.h>

#include <numeric>

#include "graft/detection/detections.h"
#include "graft/detection/format.h"
#include "graft/detection/mistakes.h"
#include "graft/detection/score_calibration.h"
#include "graft/detection/unknown_bounds.h"
#include "tests/support/source_dir.h"

namespace graft::detection {
namespace {

struct Example {
  Set set;
  Detections detections;
  Evaluation evaluation;
};

Evaluation with_outcomes(const Set& set, const Detections& detections, const EvaluationRules& rules) {
  EvaluationOptions options;
  options.keep_outcomes = true;
  return evaluate(set, detections, rules, options);
}

Example cocos_example() {
  const auto folder = source_dir() / "tests" / "golden" / "detection";
  Findings findings;
  Example one;
  one.set = read_set(folder / "instances_val2014_100.json.gz", findings);
  one.detections = read_detections(folder / "instances_val2014_fakebbox100_results.json.gz", one.set, findings);
  one.evaluation = with_outcomes(one.set, one.detections, coco_rules());
  return one;
}

TEST(Resampling, OfEachImageOnceIsAveragePrecision) {
  const auto one = cocos_example();
  const auto same = weighted_precision(one.evaluation, std::vector<double>(one.set.images.size(), 1));
  // Some of NumPy's steps of .01 lie a bit above what 57 of 100 objects reach; here they are reached.
  EXPECT_NEAR(same.all, one.evaluation.average_precision(), 2e-4);
  EXPECT_NEAR(same.first, one.evaluation.average_precision(0, 0), 2e-4);
  const auto thrice = weighted_precision(one.evaluation, std::vector<double>(one.set.images.size(), 3));
  EXPECT_NEAR(thrice.all, same.all, 1e-6);
}

// Images that are drawn twice against a set that holds them twice.
TEST(Resampling, WeighsAnImageAsCopiesOfIt) {
  auto one = cocos_example();
  std::vector<double> weights;
  Set copied = one.set;
  copied.images.clear();
  copied.annotations.clear();
  Detections detections;
  for (Index k = 0; k < one.set.images.size(); ++k) {
    weights.push_back(k % 3);
    for (Index copy = 0; copy < k % 3; ++copy) {
      const auto place = static_cast<Index>(copied.images.size());
      copied.images.push_back(one.set.images[k]);
      copied.images.back().id = place;
      for (auto annotation : one.set.annotations) {
        if (annotation.image != k) continue;
        annotation.image = place;
        copied.annotations.push_back(annotation);
      }
      for (auto detection : one.detections.detections) {
        if (detection.image != k) continue;
        detection.image = place;
        detections.detections.push_back(detection);
      }
    }
  }
  // Copies of one answer have one score: here they stand behind each other, and the precision between them is no higher
  // than behind both, or before.
  const auto truth = evaluate(copied, detections, coco_rules());
  EXPECT_NEAR(weighted_precision(one.evaluation, weights).all, truth.average_precision(), 0.01);
}

TEST(Resampling, DrawsAreTheSameForAnyThreadsAndPaired) {
  const auto one = cocos_example();
  const auto images = one.set.images.size();
  const auto draws = resample(one.evaluation, images, 20, 7);
  EXPECT_EQ(resample(one.evaluation, images, 20, 7, 2).all, draws.all);
  EXPECT_NE(resample(one.evaluation, images, 20, 8).all, draws.all);
  EXPECT_EQ(draws.all.size(), 20u);
  const Interval interval = centred_interval(draws.all, 0.5);
  EXPECT_LT(interval.low, 0.5);
  EXPECT_GT(interval.high, 0.5);
}

TEST(Resampling, TellsHowMuchHigherItsDrawsAre) {
  const std::vector<double> draws = {0.3, 0.5};
  EXPECT_NEAR(resampling_bias(draws, 0.35), 0.05, 1e-12);
  const Interval interval = centred_interval(draws, 0.35);
  EXPECT_NEAR((interval.low + interval.high) / 2, 0.35, 1e-12);
}

// One image: an object of class 0 found; one of class 1 told as class 0; one of class 0 nearly hit; the first told
// twice; nothing at all; and one of class 1 that nothing is near.
Example made() {
  Example one;
  one.set.images.resize(1);
  one.set.categories.resize(2);
  one.set.categories[1].id = 1;
  const auto object = [&](Index category, Box box) {
    one.set.annotations.push_back({.id = static_cast<std::int64_t>(one.set.annotations.size()) + 1,
                                   .category = category,
                                   .box = box,
                                   .area = box.area()});
  };
  object(0, {0, 0, 50, 50});
  object(1, {100, 0, 50, 50});
  object(0, {200, 0, 50, 50});
  object(1, {300, 0, 50, 50});
  const auto answer = [&](Index category, Box box, double score) {
    one.detections.detections.push_back({.category = category, .box = box, .score = score});
  };
  answer(0, {0, 0, 50, 50}, 0.9);
  answer(0, {100, 0, 50, 50}, 0.8);
  answer(0, {230, 0, 50, 50}, 0.7);
  answer(0, {0, 0, 50, 45}, 0.6);
  answer(1, {0, 300, 50, 50}, 0.5);
  one.evaluation = with_outcomes(one.set, one.detections, coco_rules());
  return one;
}

TEST(Mistakes, HaveOneKindEachAndCostWhatAnOracleGains) {
  const auto one = made();
  const auto costs = mistake_costs(one.set, one.detections, one.evaluation);
  const auto of = [&](Mistake kind) { return costs.costs[static_cast<std::size_t>(kind)]; };
  EXPECT_EQ(of(Mistake::classification).count, 1u);
  EXPECT_EQ(of(Mistake::location).count, 1u);
  EXPECT_EQ(of(Mistake::duplicate).count, 1u);
  EXPECT_EQ(of(Mistake::background).count, 1u);
  EXPECT_EQ(of(Mistake::both).count, 0u);
  EXPECT_EQ(of(Mistake::missed).count, 1u);
  EXPECT_NEAR(costs.precision, 0.5 * 51 / 101, 1e-9);  // half of class 0's objects, none of class 1's
  // Mended, class 1 has its first object at the highest score; class 0 is as it was: one right of two objects.
  EXPECT_NEAR(of(Mistake::classification).gain, 0.5 * 51 / 101, 1e-9);
  // The second object of class 0 is then right at rank 3.
  EXPECT_NEAR(of(Mistake::location).gain, 0.5 * (50. / 101 * 2 / 3), 1e-9);
  EXPECT_EQ(of(Mistake::duplicate).gain, 0);
  EXPECT_EQ(of(Mistake::background).gain, 0);
}

TEST(Mistakes, OfScoresAreTheirCalibration) {
  const auto error = score_calibration(made().evaluation, 1);
  ASSERT_EQ(error.bins.size(), 1u);
  EXPECT_EQ(error.bins[0].items, 5);
  EXPECT_NEAR(error.error, 0.7 - 0.2, 1e-12);
}

// Nobody looked for class 1 in the second image, where the detector tells of one at a high and one at a low score.
TEST(UnknownBounds, HoldAllWaysToAnswer) {
  Set set;
  set.images.resize(2);
  set.images[1].id = 1;
  set.categories.resize(2);
  set.categories[1].id = 1;
  set.images[1].known = set.class_sets.add({0});
  set.annotations.push_back({.id = 1, .category = 1, .box = {0, 0, 40, 40}, .area = 1600});
  Detections detections;
  detections.detections.push_back({.category = 1, .box = {0, 0, 40, 40}, .score = 0.5});
  detections.detections.push_back({.image = 1, .category = 1, .box = {0, 0, 40, 40}, .score = 0.9});
  detections.detections.push_back({.image = 1, .category = 1, .box = {60, 0, 40, 40}, .score = 0.1});
  const auto evaluation = with_outcomes(set, detections, federated_rules());
  EXPECT_NEAR(evaluation.average_precision(), 1, 1e-9);
  const auto bounds = unknown_bounds(set, detections, evaluation);
  EXPECT_EQ(bounds.detections, 2u);
  EXPECT_EQ(bounds.pairs, 1u);
  EXPECT_NEAR(bounds.low, 0.5, 1e-9);  // both wrong: right at rank 2
  EXPECT_NEAR(bounds.high, 1, 1e-9);   // the high one right
  ASSERT_EQ(bounds.images.size(), 1u);
  EXPECT_EQ(bounds.images[0].image, 1u);
  EXPECT_EQ(bounds.images[0].classes, std::vector<Index>{1});
  EXPECT_NEAR(bounds.images[0].share, 1, 1e-9);
}

}  // namespace
}  // namespace graft::detection
