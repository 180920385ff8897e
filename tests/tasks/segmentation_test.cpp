#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <random>

#include "graft/core/error.h"
#include "graft/data/masks.h"
#include "graft/tasks/pixel_counts.h"
#include "graft/tasks/task.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;

data::Mask mask_of(int width, std::vector<uint8_t> classes) {
  const int height = static_cast<int>(classes.size()) / width;
  return {width, height, std::move(classes), {}};
}

data::Mask random_mask(int height, int width, int classes, unsigned seed) {
  std::mt19937 draw(seed);
  data::Mask mask{width, height, {}, {}};
  for (int i = 0; i < height * width; ++i) {
    const auto drawn = draw() % static_cast<unsigned>(classes + 1);
    mask.classes.push_back(drawn == static_cast<unsigned>(classes) ? io::kIgnoredClass : static_cast<uint8_t>(drawn));
  }
  return mask;
}

// Photos of nothing but their masks.
class Masks final : public data::Source {
 public:
  explicit Masks(std::vector<data::Mask> masks) {
    for (auto& mask : masks)
      masks_.push_back(std::make_shared<const data::Mask>(std::move(mask)));
  }
  data::Reads reads() const override { return data::Reads::photo; }
  int64_t size() const override { return static_cast<int64_t>(masks_.size()); }
  std::string name(int64_t i) const override { return std::to_string(i); }
  std::string content(int64_t i) const override { return std::to_string(i); }
  int64_t label(int64_t) const override { return 0; }
  std::span<const float> values(int64_t) const override { return {}; }
  void read(int64_t, Random, data::Row&) const override {}
  std::shared_ptr<const data::Mask> mask(int64_t i) const override { return masks_[static_cast<size_t>(i)]; }

 private:
  std::vector<std::shared_ptr<const data::Mask>> masks_;
};

// logits [1, K, h, w] by which each pixel is of its class.
at::Tensor sure_of(const std::vector<int64_t>& classes, int64_t width, int64_t count) {
  const auto labels = torch::tensor(at::IntArrayRef(classes)).view({1, -1, width});
  return torch::one_hot(labels, count).permute({0, 3, 1, 2}).to(at::kFloat) * 9;
}

TEST(PixelCounts, AreThoseOfLogitsStretchedAsTorchStretchesThem) {
  torch::manual_seed(3);
  for (const auto& [h, w, height, width] :
       {std::array{4, 5, 33, 21}, std::array{7, 7, 5, 3}, std::array{1, 1, 6, 4}, std::array{6, 4, 6, 4}}) {
    const int64_t classes = 5;
    const auto logits = torch::randn({classes, h, w});
    const auto truth = random_mask(height, width, classes, 1);
    const auto answer = answer_pixels(logits, truth);
    const auto stretched = at::upsample_bilinear2d(logits.unsqueeze(0), {height, width}, false).squeeze(0);
    const auto told = stretched.argmax(0);
    auto confusion = torch::zeros({classes, classes}, at::kLong);
    const auto losses = -torch::log_softmax(stretched.to(at::kDouble), 0);
    double loss = 0;
    int64_t differing = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const auto own = truth.classes[static_cast<size_t>(y) * width + x];
        const auto said = answer.told.classes[static_cast<size_t>(y) * width + x];
        differing += said != told[y][x].item<int64_t>();
        if (own == io::kIgnoredClass) continue;
        confusion[own][said] += 1;
        loss += losses[own][y][x].item<double>();
      }
    }
    EXPECT_LE(differing, height * width / 500);  // between classes that are equal to a rounding
    EXPECT_TRUE(confusion.equal(answer.confusion));
    EXPECT_NEAR(answer.loss, loss, 1e-4 * loss);
  }
}

// By hand: classes 0, 1, 2 with 4, 2, 0 pixels; told 3, 2, 1 with 3, 1, 0 right.
TEST(PixelCounts, UnionsAreOfWhatIsThereAndWhatIsTold) {
  const auto truth = mask_of(4, {0, 0, 0, 0, 1, 1, 255, 255});
  const auto answer = answer_pixels(sure_of({0, 0, 0, 1, 1, 2, 2, 2}, 4, 3)[0], truth);
  const auto sides = sides_of(answer.confusion);
  EXPECT_TRUE(sides.equal(torch::tensor({{4, 2, 0}, {3, 2, 1}, {3, 1, 0}}).to(at::kLong)));
  const auto iou = iou_of(sides);
  EXPECT_NEAR(iou[0].item<double>(), 3.0 / 4, 1e-12);
  EXPECT_NEAR(iou[1].item<double>(), 1.0 / 3, 1e-12);
  EXPECT_EQ(iou[2].item<double>(), 0);
  EXPECT_NEAR(mean_iou(sides).item<double>(), (3.0 / 4 + 1.0 / 3) / 3, 1e-12);
}

TEST(PixelCounts, AClassThatIsNowhereIsNotInTheMean) {
  const auto sides = torch::tensor({{5, 0, 5}, {5, 0, 5}, {5, 0, 5}}).to(at::kLong);
  EXPECT_EQ(mean_iou(sides).item<double>(), 1);
  EXPECT_TRUE(std::isnan(iou_of(sides)[1].item<double>()));
}

Predictions predictions_of(const Masks& photos, const std::vector<at::Tensor>& logits, int64_t classes) {
  PredictionRows rows(photos, data::Target::mask, classes);
  for (const auto& each : logits)
    rows.add(each);
  return rows.take();
}

TEST(SegmentationTask, ScoresAreOfAllPhotosTogether) {
  const Masks photos({mask_of(2, {0, 0, 1, 1}), mask_of(1, {1}), mask_of(2, {255, 255})});
  const auto p = predictions_of(photos, {sure_of({0, 1, 1, 1}, 2, 2), sure_of({0}, 1, 2), sure_of({0, 0}, 2, 2)}, 2);
  const auto task = find_task("segmentation").make({});
  const auto scores = task->score(p, true);
  EXPECT_EQ(scores.count, 2);  // of the third nothing is known
  EXPECT_EQ(scores.first().name, "miou");
  EXPECT_NEAR(scores.value("miou"), (1.0 / 3 + 2.0 / 4) / 2, 1e-12);
  EXPECT_NEAR(scores.value("pixel_accuracy"), 3.0 / 5, 1e-12);
  EXPECT_NEAR(scores.value("mean_class_accuracy"), (1.0 / 2 + 2.0 / 3) / 2, 1e-12);
  EXPECT_NEAR(scores.value("frequency_weighted_iou"), (2.0 / 5) * (1.0 / 3) + (3.0 / 5) * (1.0 / 2), 1e-12);
  ASSERT_TRUE(scores.first().interval);
  EXPECT_LE(scores.first().interval->low, scores.first().value);
  EXPECT_GE(scores.first().interval->high, scores.first().value);
  EXPECT_EQ(scores.all.size(), task->score_names().size());
  EXPECT_TRUE(p.pixels[2][3].equal(torch::tensor({2, 0}).to(at::kLong)));  // told anywhere
}

// Of many photos of 100 pixels, of which a share p is right, the interval of pixel accuracy is that of a mean over
// photos: +- 1.96 sd / sqrt(n).
TEST(SegmentationTask, TheIntervalIsThatOfPhotos) {
  std::mt19937 draw(5);
  std::vector<data::Mask> masks;
  std::vector<at::Tensor> logits;
  double sum = 0, squares = 0;
  constexpr int kPhotos = 200;
  for (int i = 0; i < kPhotos; ++i) {
    const int right = static_cast<int>(draw() % 101);
    std::vector<int64_t> told(100, 1);
    for (int k = 0; k < right; ++k)
      told[static_cast<size_t>(k)] = 0;
    masks.push_back(mask_of(10, std::vector<uint8_t>(100, 0)));
    logits.push_back(sure_of(told, 10, 2));
    sum += right / 100.0;
    squares += right / 100.0 * right / 100.0;
  }
  const Masks photos(std::move(masks));
  const auto scores = find_task("segmentation").make({})->score(predictions_of(photos, logits, 2), true);
  const double mean = sum / kPhotos, half = 1.96 * std::sqrt((squares / kPhotos - mean * mean) / kPhotos);
  const auto& score = *scores.find("pixel_accuracy");
  EXPECT_NEAR(score.value, mean, 1e-12);
  EXPECT_NEAR(score.interval->high - score.interval->low, 2 * half, 0.15 * half);
}

TEST(SegmentationTask, TheLossIsOfThePixelsThatAreAsked) {
  const auto task = find_task("segmentation").make({});
  torch::manual_seed(1);
  const auto outputs = torch::randn({2, 3, 2, 2});
  auto target = torch::zeros({2, 4, 6}, at::kByte);
  target[0].fill_(2);
  target[1][0].fill_(255);
  const auto stretched = at::upsample_bilinear2d(outputs, {4, 6}, false);
  const auto expected = torch::cross_entropy_loss(stretched, target.to(at::kLong), {}, at::Reduction::Sum, 255);
  EXPECT_TRUE(torch::allclose(task->loss(outputs, target), expected, 1e-5, 1e-5));
  EXPECT_EQ(task->weight(target), 2 * 24 - 6);
  EXPECT_EQ(task->weight(torch::full({1, 2, 2}, 255, at::kByte)), 1);
  EXPECT_EQ(task->loss(outputs, torch::full({2, 4, 6}, 255, at::kByte)).item<double>(), 0);
  // Parts make the whole.
  const auto parts = task->loss(outputs.narrow(0, 0, 1), target.narrow(0, 0, 1)) +
                     task->loss(outputs.narrow(0, 1, 1), target.narrow(0, 1, 1));
  EXPECT_TRUE(torch::allclose(parts, expected, 1e-5, 1e-5));
}

TEST(SegmentationTask, TakesLossesOfClasses) {
  const auto outputs = torch::randn({1, 3, 2, 2});
  const auto target = torch::ones({1, 2, 2}, at::kByte);
  const auto plain = find_task("segmentation").make({})->loss(outputs, target).item<double>();
  const auto focal = find_task("segmentation").make({.loss = "focal:gamma=2"})->loss(outputs, target).item<double>();
  EXPECT_LT(focal, plain);
  EXPECT_THROW(find_task("segmentation").make({.loss = "info-nce"}), ConfigError);
}

TEST(SegmentationTask, WhatIsNotFiniteIsToldWithItsPhoto) {
  const Masks photos({mask_of(1, {0}), mask_of(1, {1})});
  PredictionRows rows(photos, data::Target::mask, 2);
  rows.add(torch::zeros({1, 2, 1, 1}));
  try {
    rows.add(torch::full({1, 2, 1, 1}, std::numeric_limits<float>::quiet_NaN()));
    FAIL();
  } catch (const DivergenceError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("1: 2 of its 2 class scores are not finite"));
  }
}

TEST(SegmentationTask, EachPhotosAnswerIsGivenOn) {
  const Masks photos({mask_of(2, {0, 0, 1, 1}), mask_of(3, {1, 1, 1})});
  PredictionRows rows(photos, data::Target::mask, 2);
  std::vector<data::Mask> told;
  rows.on_mask([&](int64_t row, const data::Mask& mask) {
    EXPECT_EQ(row, static_cast<int64_t>(told.size()));
    told.push_back(mask);
  });
  rows.add(sure_of({1, 0}, 2, 2).expand({2, -1, -1, -1}));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_THAT(told[0].classes, ElementsAre(1, 0, 1, 0));
  EXPECT_EQ(told[1].width, 3);
}

}  // namespace
}  // namespace graft::tasks
