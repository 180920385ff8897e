// Photos whose object is known, for ways that learn of all photos.
#pragma once

#include "tests/discovery/cut_photos.h"

namespace graft::discovery {

// Photos of a reddish square on green, patches of 8 pixels on a grid of 8 x 10, whose keys and attention know it, more
// or less: of some patches the first stage is wrong. `distracted`: every third has a blue square as well, which the
// keys do not tell from the ground.
class SquarePhotos final : public SeenPhotos {
 public:
  explicit SquarePhotos(bool distracted = false) : distracted_(distracted) {}
  size_t size() const override { return 12; }

  SeenPhoto see(size_t index) const override {
    at::manual_seed(index);
    auto image = plain(64, 80, 90);
    const auto square = object(index);
    const auto pixels = square.repeat_interleave(8, 0).repeat_interleave(8, 1).contiguous();
    for (int64_t i = 0; i < pixels.numel(); ++i) {
      const bool inside = pixels.const_data_ptr<bool>()[i];
      image.rgb[static_cast<size_t>(3 * i)] = inside ? 190 : 50;
      image.rgb[static_cast<size_t>(3 * i + 1)] = inside ? 60 : 120;
    }
    if (distracted_ && index % 3 == 0) {
      for (size_t y = 44; y < 60; ++y)
        for (size_t x = 52; x < 76; ++x)
          image.rgb[3 * (80 * y + x)] = 20, image.rgb[3 * (80 * y + x) + 1] = 30, image.rgb[3 * (80 * y + x) + 2] = 220;
    }
    auto directions = at::zeros({2, 12});
    directions[0][0] = directions[1][6] = 3;
    auto keys = directions.index_select(0, square.flatten().to(at::kLong)) + 0.9 * at::randn({80, 12});
    auto attention = at::rand({2, 80}) + 1.5 * square.flatten().to(at::kFloat);
    auto photo = seen_pixels(image);
    photo.patches = Patches{.keys = keys, .attention = attention / attention.sum(1, true), .grid = {8, 10}, .heads = 2};
    photo.patches->tokens = keys;
    return photo;
  }

  static at::Tensor object(size_t index) {
    auto mask = at::zeros({8, 10}, at::kBool);
    mask.narrow(0, 1 + static_cast<int64_t>(index) % 3, 3)
        .narrow(1, 1 + static_cast<int64_t>(index) % 5, 4)
        .fill_(true);
    return mask;
  }

 private:
  bool distracted_;
};

}  // namespace graft::discovery
