// What tests/golden/make/superpixels.py computed: small photos, their superpixels, and what is salient of them.
#pragma once

#include <algorithm>
#include <memory>

#include "graft/discovery/saliency/superpixels.h"
#include "tests/discovery/golden.h"

namespace graft::discovery {

inline constexpr const char* kCutPhotos[] = {"disc", "low", "faded"};

inline at::Tensor cut_golden(const std::string& name) {
  static const auto all = nn::read_tensors(source_dir() / "tests/golden/superpixels.safetensors");
  return all.at(name);
}

inline data::Image image_of(const at::Tensor& pixels) {  // [height, width, 3] uint8
  const auto whole = pixels.contiguous();
  const auto* bytes = whole.const_data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(whole.size(1)),
          .height = static_cast<int>(whole.size(0)),
          .rgb = {bytes, bytes + whole.numel()}};
}

inline SeenPhoto seen_pixels(data::Image image) {
  const data::Size size{image.height, image.width};
  return {.name = "photo.png",
          .size = size,
          .patches = {},
          .pixels = std::make_shared<const data::Image>(std::move(image))};
}

// On the cut that the golden has, whatever ours would be.
inline Superpixels golden_parts(const std::string& photo) {
  return parts_of(to_lab(image_of(cut_golden(photo + "/image"))), cut_golden(photo + "/labels"));
}

inline data::Image plain(int height, int width, std::uint8_t grey) {
  return {.width = width,
          .height = height,
          .rgb = std::vector<std::uint8_t>(static_cast<size_t>(3 * height * width), grey)};
}

// A red disc of a third of the height, not in the middle, on green ground that grows lighter downwards.
inline data::Image disc_on_ground(int height, int width) {
  auto image = plain(height, width, 0);
  const double y0 = 0.4 * height, x0 = 0.55 * width, radius = height / 3.0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = (y - y0) * (y - y0) + (x - x0) * (x - x0) < radius * radius;
      auto* pixel = image.rgb.data() + 3 * (y * width + x);
      pixel[0] = static_cast<std::uint8_t>(inside ? 190 : 60);
      pixel[1] = static_cast<std::uint8_t>(inside ? 60 : 110 + 20 * y / height);
      pixel[2] = static_cast<std::uint8_t>(inside ? 50 : 70);
    }
  }
  return image;
}

inline at::Tensor disc_mask(int height, int width) {
  const auto y = torch::arange(height).view({-1, 1}) - 0.4 * height,
             x = torch::arange(width).view({1, -1}) - 0.55 * width;
  return y.square() + x.square() < height * height / 9.0;
}

inline double overlap(const at::Tensor& a, const at::Tensor& b) {  // IoU
  return (a & b).sum().item<double>() / (a | b).sum().item<double>();
}

}  // namespace graft::discovery
