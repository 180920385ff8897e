#include "graft/discovery/saliency/deepusps/deepusps.h"

#include "graft/core/error.h"
#include "tests/discovery/square_photos.h"
#include "tests/support/gradient_check.h"

namespace graft::discovery {
namespace {

double mean_overlap(const Saliency& way, const SquarePhotos& photos, double threshold = 0.5) {
  double sum = 0;
  for (size_t i = 0; i < photos.size(); ++i) {
    const auto found = way.find(photos.see(i));
    if (!found.map.defined()) continue;
    auto object = SquarePhotos::object(i);
    if (found.map.size(0) == 64) object = object.repeat_interleave(8, 0).repeat_interleave(8, 1);
    sum += overlap(found.map > threshold, object);
  }
  return sum / static_cast<double>(photos.size());
}

TEST(DeepUsps, LossIsOneLessFOfMasksAndSmoothBetween) {
  const auto target = torch::tensor({1.0, 1.0, 0.0, 0.0}, at::kDouble);
  const auto loss = [&](const std::vector<double>& p, double beta2) {
    return deepusps::f_measure_loss(torch::tensor(p, at::kDouble), target, beta2).item<double>();
  };
  EXPECT_NEAR(loss({1, 1, 0, 0}, 1), 0, 1e-12);
  EXPECT_NEAR(loss({0, 0, 1, 1}, 1), 1, 1e-12);
  EXPECT_NEAR(loss({1, 0, 1, 0}, 1), 0.5, 1e-12);            // P 1/2, R 1/2
  EXPECT_NEAR(loss({1, 1, 1, 0}, 4), 1 - 10.0 / 11, 1e-12);  // P 2/3, R 1: 5 (2/3) / (8/3 + 1)
  EXPECT_NEAR(loss({0.5, 0.5, 0.5, 0.5}, 1), 0.5, 1e-12);
  const auto p = torch::tensor({0.7, 0.2, 0.4, 0.1}, at::kDouble).requires_grad_();
  graft::testing::expect_gradients_of_differences([&] { return deepusps::f_measure_loss(p, target, 4).view({1}); },
                                                  {p});
}

TEST(DeepUsps, WhatMethodsShareIsLearnedAndWhatMisleadsSomePhotosIsNot) {
  const SquarePhotos photos(/*distracted=*/true);
  Silent silent;
  const auto way = make_saliency("deepusps:rounds=2,averaged=2,steps=20,fusion=150,rate=0.05");
  ASSERT_TRUE(way->learns());
  const auto learnt = way->learn(photos, silent);
  const auto teacher = mean_overlap(*make_saliency("rbd"), photos, 0.25);
  const auto pupil = mean_overlap(*way, photos);
  EXPECT_GT(pupil, teacher + 0.02) << teacher;
  EXPECT_GT(pupil, 0.85);

  const auto again = make_saliency("deepusps:rounds=2,averaged=2,steps=20,fusion=150,rate=0.05"),
             kept = make_saliency("deepusps");
  EXPECT_TRUE(torch::equal(again->learn(photos, silent).at("decoder.weight"), learnt.at("decoder.weight")));
  kept->recall(learnt);
  EXPECT_TRUE(torch::equal(kept->find(photos.see(3)).map, way->find(photos.see(3)).map));
  const auto other = make_saliency("deepusps:rounds=2,averaged=2,steps=20,fusion=150,rate=0.05,seed=2");
  EXPECT_FALSE(torch::equal(other->learn(photos, silent).at("decoder.weight"), learnt.at("decoder.weight")));
}

TEST(DeepUsps, LearnsNothingWhereNothingStandsOut) {
  class Grey final : public SeenPhotos {
   public:
    size_t size() const override { return 2; }
    SeenPhoto see(size_t index) const override {
      auto photo = seen_pixels(plain(64, 80, 90));
      photo.patches = SquarePhotos().see(index).patches;
      return photo;
    }
  };
  Silent silent;
  EXPECT_THROW(make_saliency("deepusps")->learn(Grey(), silent), DataError);
}

TEST(DeepUsps, RefusesOptionsThatCannotBe) {
  EXPECT_THROW(make_saliency("deepusps:of=rbd+hs"), ConfigError);
  EXPECT_THROW(make_saliency("deepusps:averaged=0"), ConfigError);
  EXPECT_THROW(make_saliency("deepusps:rate=0"), ConfigError);
  EXPECT_THROW(make_saliency("deepusps:memory=1"), ConfigError);
  EXPECT_THROW(make_saliency("deepusps")->recall({}), ModelError);
}

}  // namespace
}  // namespace graft::discovery
