#include "graft/data/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace graft::data {
namespace {

using Pixel = std::array<std::uint8_t, 3>;

// Blends every byte with one grey.
Image blend_with(std::uint8_t level, Image image, float factor) {
  std::array<std::uint8_t, 256> table;
  for (int v = 0; v < 256; ++v)
    table[v] = blend(level, static_cast<std::uint8_t>(v), factor);
  for (std::uint8_t& v : image.rgb)
    v = table[v];
  return image;
}

std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
}

// The mixture of single and double precision is the reference's; another would move some bytes by one.
Pixel hsv_of(const std::uint8_t* rgb) {
  const auto [low, high] = std::minmax({rgb[0], rgb[1], rgb[2]});
  if (low == high) return {0, 0, high};
  const float range = static_cast<float>(high - low);
  const float red = static_cast<float>(high - rgb[0]) / range;
  const float green = static_cast<float>(high - rgb[1]) / range;
  const float blue = static_cast<float>(high - rgb[2]) / range;
  float hue;
  if (rgb[0] == high) {
    hue = blue - green;
  } else if (rgb[1] == high) {
    hue = static_cast<float>(2.0 + red - blue);
  } else {
    hue = static_cast<float>(4.0 + green - red);
  }
  hue = static_cast<float>(std::fmod(hue / 6.0 + 1.0, 1.0));
  const float saturation = range / static_cast<float>(high);
  return {to_byte(hue * 255.0), to_byte(saturation * 255.0), high};
}

Pixel rgb_of(Pixel hsv) {
  const auto [hue, saturation, value] = hsv;
  if (saturation == 0) return {value, value, value};
  const double turn = static_cast<float>(hue) * 6.0 / 255.0;
  const int sector = static_cast<int>(turn);
  const float rest = static_cast<float>(turn - static_cast<double>(static_cast<float>(sector)));
  const float share = static_cast<float>(saturation / 255.0);
  const double v = value;
  const std::uint8_t low = to_byte(std::round(v * (1.0 - share)));
  const std::uint8_t falling = to_byte(std::round(v * (1.0 - static_cast<double>(share * rest))));
  const std::uint8_t rising = to_byte(std::round(v * (1.0 - share * (1.0 - rest))));
  switch (sector % 6) {
    case 0:
      return {value, rising, low};
    case 1:
      return {falling, value, low};
    case 2:
      return {low, value, rising};
    case 3:
      return {low, falling, value};
    case 4:
      return {rising, low, value};
    default:
      return {value, low, falling};
  }
}

}  // namespace

std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

std::uint8_t blend(std::uint8_t from, std::uint8_t to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
}

Image adjust_brightness(Image image, double factor) {
  return blend_with(0, std::move(image), static_cast<float>(factor));
}

Image adjust_contrast(Image image, double factor) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    sum += luma(&image.rgb[i]);
  const double mean = static_cast<double>(sum) / static_cast<double>(image.rgb.size() / 3);
  return blend_with(static_cast<std::uint8_t>(mean + 0.5), std::move(image), static_cast<float>(factor));
}

Image adjust_saturation(Image image, double factor) {
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    const std::uint8_t level = luma(&image.rgb[i]);
    for (int c = 0; c < 3; ++c)
      image.rgb[i + c] = blend(level, image.rgb[i + c], static_cast<float>(factor));
  }
  return image;
}

Image adjust_hue(Image image, double turn) {
  const auto steps = static_cast<std::uint8_t>(static_cast<int>(turn * 255));  // towards zero, then around the circle
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    Pixel hsv = hsv_of(&image.rgb[i]);
    hsv[0] = static_cast<std::uint8_t>(hsv[0] + steps);
    std::ranges::copy(rgb_of(hsv), &image.rgb[i]);
  }
  return image;
}

Image flip_horizontally(Image image) {
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* row = image.rgb.data() + 3 * static_cast<std::size_t>(y) * image.width;
    for (int left = 0, right = image.width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
    }
  }
  return image;
}

}  // namespace graft::data
