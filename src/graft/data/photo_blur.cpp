// Pillow's Gaussian blur: three box blurs along rows and three along columns, each with a fractional radius (Gwosdek et
// al. 2011), 8 bits in between and weights in 24-bit fixed point.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "graft/data/photo_changes.h"

namespace graft::data {
namespace {

constexpr int kPasses = 3;

float box_radius(float sigma) {
  const float variance = sigma * sigma / kPasses;
  const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
  float rest = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  rest /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + rest;
}

// One channel of a row or column, `count` bytes that lie `step` apart, through a box; beyond its ends it goes on as
// there.
void box_blur(std::uint8_t* bytes, int count, std::ptrdiff_t step, float radius, std::vector<std::uint8_t>& line) {
  const auto reach = static_cast<int>(radius);
  const auto whole = static_cast<std::uint32_t>((1 << 24) / (radius * 2 + 1));
  const auto edge = static_cast<std::uint32_t>(((1 << 24) - (static_cast<std::uint32_t>(reach) * 2 + 1) * whole) / 2);
  line.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    line[static_cast<std::size_t>(i)] = bytes[i * step];
  const auto at = [&](int i) -> std::uint32_t { return line[static_cast<std::size_t>(std::clamp(i, 0, count - 1))]; };
  std::uint32_t sum = 0;
  for (int i = -reach; i <= reach; ++i)
    sum += at(i);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t bulk = sum * whole + (at(i - reach - 1) + at(i + reach + 1)) * edge;
    bytes[i * step] = static_cast<std::uint8_t>((bulk + (1 << 23)) >> 24);
    sum += at(i + reach + 1) - at(i - reach);
  }
}

}  // namespace

Image gaussian_blur(const Image& image, double radius) {
  Image result = image;
  if (radius <= 0) return result;
  const float box = box_radius(static_cast<float>(radius));
  std::vector<std::uint8_t> line;
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * image.width;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (int y = 0; y < image.height; ++y) {
      for (int c = 0; c < 3; ++c)
        box_blur(result.rgb.data() + y * stride + c, image.width, 3, box, line);
    }
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    for (std::ptrdiff_t i = 0; i < stride; ++i)
      box_blur(result.rgb.data() + i, image.height, stride, box, line);
  }
  return result;
}

}  // namespace graft::data
