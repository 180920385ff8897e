#include "graft/data/mask_source.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "graft/data/batch.h"
#include "graft/data/check_images.h"
#include "tests/data/bmp.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr int kWidth = 23, kHeight = 17;

// A photo whose grey is its class times 40, so that pixels and mask can be compared.
Image striped() {
  Image image{kWidth, kHeight, {}};
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x)
      image.rgb.insert(image.rgb.end(), 3, static_cast<std::uint8_t>((x / 5 + y / 4) % 6 * 40));
  }
  return image;
}

Mask mask_of(const Image& image) {
  Mask mask{image.width, image.height, {}, {}};
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    mask.classes.push_back(static_cast<std::uint8_t>(image.rgb[i] / 40));
  return mask;
}

// Nearest pixels throughout, so that a pixel of the photo says its class whatever was done to it.
Preprocessing nearest() {
  Preprocessing p;
  p.resize = {11, 13};
  p.interpolation = Filter::nearest;
  p.scale = 1;
  p.mean = {0, 0, 0};
  p.std = {1, 1, 1};
  return p;
}

class MasksInFiles : public testing::Test {
 protected:
  MasksInFiles() {
    const auto photo = striped();
    folder_.put("x.bmp", bmp(photo));
    folder_.put("x.png", io::encode_index_png(mask_of(photo)));
    masks_ = std::make_shared<MaskFiles>(folder_.path(), MaskNumbers::in_order(6, "classes.txt"));
  }
  MaskSource source(const Augmentation& augmentation = {}, bool told = true) const {
    return {folder_.path(),         {{.input = "x.bmp", .pair = "x.png"}}, nearest(), augmentation, nullptr,
            told ? masks_ : nullptr};
  }
  TempFolder folder_;
  std::shared_ptr<const Masks> masks_;
};

TEST_F(MasksInFiles, GoThroughWhateverTheirPhotosGoThrough) {
  const auto augmented = source({.crop = TrainCrop::random_resized, .min_scale = 0.2, .flip = true});
  const auto cut = source({.crop = TrainCrop::random, .resize = 19, .flip = true});
  std::set<std::vector<std::uint8_t>> seen;
  for (const auto* from : {&augmented, &cut}) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      std::vector<float> pixels(from->floats());
      std::vector<std::uint8_t> mask(11 * 13);
      Row row;
      row.pixels = pixels;
      row.mask = mask;
      from->read(0, Random(seed), row);
      for (std::size_t i = 0; i < mask.size(); ++i)
        ASSERT_EQ(pixels[i], 40.0F * mask[i]) << seed << " " << i;
      seen.insert(mask);
    }
  }
  EXPECT_GT(seen.size(), 60u);
}

TEST_F(MasksInFiles, AreReadWithAllOfThePhotoAndKeptWholeForATest) {
  const auto whole = source();
  const Batch batch = batch_of(whole, {0, 0});
  EXPECT_EQ(batch.mask_size, (Size{11, 13}));
  ASSERT_THAT(batch.masks, SizeIs(2 * 11 * 13));
  for (std::size_t i = 0; i < 11 * 13; ++i)
    ASSERT_EQ(batch.images[i], 40.0F * batch.masks[i]);
  EXPECT_EQ(whole.mask(0)->classes, mask_of(striped()).classes);
  EXPECT_NE(whole.content(0), content_of_file(folder_ / "x.bmp"));
  EXPECT_EQ(whole.told(0), masks_->content({.input = "x.bmp", .pair = "x.png"}));
  const Selection chosen(whole, {0});
  EXPECT_EQ(chosen.mask_size(), (Size{11, 13}));
  EXPECT_EQ(chosen.mask(0)->width, kWidth);
}

TEST_F(MasksInFiles, OfAPhotoWithoutOneNothingIsTold) {
  const auto none = source({}, false);
  const auto mask = none.mask(0);
  EXPECT_EQ(mask->width, kWidth);
  EXPECT_EQ(mask->height, kHeight);
  EXPECT_TRUE(std::ranges::all_of(mask->classes, [](int c) { return c == io::kIgnoredClass; }));
}

TEST_F(MasksInFiles, WhatLiesOutsideOfThePhotoIsNotCounted) {
  auto p = nearest();
  p.resize_mode = ResizeMode::longest;
  const ImageTransform transform(p);
  std::vector<std::uint8_t> mask(11 * 13);
  transform.write_mask(mask_of(striped()), Random(1), mask);
  EXPECT_EQ(std::ranges::count(mask, io::kIgnoredClass), 13);  // a row above or below
}

TEST_F(MasksInFiles, PoliciesAreRefused) {
  EXPECT_ERROR(source({.policy = Policy::rand_augment}), ConfigError, "masks do not follow that");
}

TEST_F(MasksInFiles, AreReadBeforeARunStarts) {
  Dataset dataset;
  dataset.root = folder_.path();
  dataset.target = Target::mask;
  dataset.masks = masks_;
  dataset.train = {{.input = "x.bmp", .pair = "x.png"}};
  EXPECT_THAT(check_images(dataset, {Split::train}, 2), SizeIs(0));
  folder_.put("x.png", io::encode_index_png({2, 1, {0, 1}, {}}));
  dataset.masks = std::make_shared<MaskFiles>(folder_.path(), MaskNumbers::in_order(6, "classes.txt"));
  const auto bad = check_images(dataset, {Split::train}, 2);
  ASSERT_THAT(bad, SizeIs(1));
  EXPECT_THAT(bad[0].reason, testing::HasSubstr("x.png: 2 x 1 pixels, and its photo x.bmp has 23 x 17"));
}

}  // namespace
}  // namespace graft::data
