#include "graft/data/resize_passes.h"

#include <algorithm>
#include <vector>

namespace graft::data {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

std::uint8_t clip(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

void horizontal(ImageView source, int row_begin, int row_end, const ResizeWeights& weights, std::uint8_t* out) {
  for (int y = row_begin; y < row_end; ++y) {
    for (int x = 0; x < weights.outputs(); ++x) {
      const std::uint8_t* pixel = source.row(y) + 3 * weights.first[x];
      const std::int32_t* w = weights.at(x);
      std::int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (int k = 0; k < weights.count[x]; ++k, pixel += 3) {
        red += w[k] * pixel[0];
        green += w[k] * pixel[1];
        blue += w[k] * pixel[2];
      }
      *out++ = clip(red);
      *out++ = clip(green);
      *out++ = clip(blue);
    }
  }
}

void vertical(const std::uint8_t* in, std::ptrdiff_t stride, std::size_t row_bytes, const ResizeWeights& weights,
              std::uint8_t* out) {
  std::vector<std::int32_t> sums(row_bytes);
  for (int y = 0; y < weights.outputs(); ++y, out += row_bytes) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int k = 0; k < weights.count[y]; ++k) {
      const std::uint8_t* row = in + (weights.first[y] + k) * stride;
      const std::int32_t w = weights.at(y)[k];
      for (std::size_t i = 0; i < row_bytes; ++i)
        sums[i] += w * row[i];
    }
    for (std::size_t i = 0; i < row_bytes; ++i)
      out[i] = clip(sums[i]);
  }
}

}  // namespace

const Passes& plain_passes() {
  static constexpr Passes kPasses = {horizontal, vertical};
  return kPasses;
}

const Passes& passes() {
  static const Passes* const fastest = avx2_passes() ? avx2_passes() : &plain_passes();
  return *fastest;
}

}  // namespace graft::data
