#include "graft/detection/openimages_evaluation.h"

#include <gtest/gtest.h>

namespace graft::detection {
namespace {

// An animal's class above that of dogs, and cats that nobody looked for.
struct Kennel {
  Set set;
  Detections detections;
  Kennel() {
    set.images.resize(1);
    set.categories.resize(3);
    for (Index k = 0; k < 3; ++k)
      set.categories[k].id = k;
    set.images[0].known = set.class_sets.add({0, 1});
  }
  void object(Index category, Box box, bool group = false) {
    set.annotations.push_back({.category = category, .box = box, .area = box.area(), .group_of = group});
  }
  void answer(Index category, Box box, double score) {
    detections.detections.push_back({.category = category, .box = box, .score = score});
  }
};

TEST(OpenImagesMeasure, FindsAGroupOnceHoweverManyLieInIt) {
  Kennel kennel;
  kennel.object(0, {0, 0, 10, 10});
  kennel.object(0, {100, 0, 100, 100}, true);
  kennel.answer(0, {100, 0, 30, 30}, 0.9);
  kennel.answer(0, {150, 0, 30, 30}, 0.8);
  kennel.answer(0, {80, 0, 30, 30}, 0.7);  // a third of it in the group: wrong
  kennel.answer(0, {0, 0, 10, 10}, 0.6);
  const auto scores = evaluate_openimages(kennel.set, kennel.detections);
  EXPECT_EQ(scores.objects[0], 2u);
  EXPECT_NEAR(scores.precision[0], (1 + 2. / 3) / 2, 1e-12);
  EXPECT_EQ(scores.precision[1], -1);
  EXPECT_EQ(scores.mean, scores.precision[0]);
}

TEST(OpenImagesMeasure, CountsTheSecondFinderAndAnOverlapOfHalfAsWrong) {
  Kennel kennel;
  kennel.object(0, {0, 0, 10, 10});
  kennel.answer(0, {0, 0, 10, 5}, 0.9);
  kennel.answer(0, {0, 0, 10, 9}, 0.8);
  kennel.answer(0, {0, 0, 10, 10}, 0.7);
  EXPECT_NEAR(evaluate_openimages(kennel.set, kennel.detections).mean, 0.5, 1e-12);
}

TEST(OpenImagesMeasure, LeavesOutClassesThatNobodyLookedFor) {
  Kennel kennel;
  kennel.object(0, {0, 0, 10, 10});
  kennel.answer(0, {0, 0, 10, 10}, 0.5);
  kennel.answer(2, {0, 0, 10, 10}, 0.9);
  const auto scores = evaluate_openimages(kennel.set, kennel.detections);
  EXPECT_EQ(scores.mean, 1);
  EXPECT_EQ(scores.precision[2], -1);
}

TEST(OpenImagesMeasure, GivesAnAncestorTheBoxesBelowIt) {
  Kennel kennel;
  kennel.object(1, {0, 0, 10, 10});
  kennel.object(0, {50, 0, 10, 10});
  kennel.answer(0, {0, 0, 10, 10}, 0.9);
  const auto scores = evaluate_openimages(kennel.set, kennel.detections, {{}, {0}, {0}});
  EXPECT_EQ(scores.objects[0], 2u);
  EXPECT_EQ(scores.precision[0], 0.5);
  EXPECT_EQ(scores.precision[1], 0);
}

}  // namespace
}  // namespace graft::detection
