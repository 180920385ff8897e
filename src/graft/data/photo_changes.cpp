#include "graft/data/photo_changes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "graft/data/colour.h"

namespace graft::data {
namespace {

using Table = std::array<std::uint8_t, 256>;

template <class Function>
Table table_of(Function&& function) {
  Table table;
  for (int v = 0; v < 256; ++v)
    table[static_cast<std::size_t>(v)] = static_cast<std::uint8_t>(function(v));
  return table;
}

Image looked_up(Image image, const Table& table) {
  for (auto& byte : image.rgb)
    byte = table[byte];
  return image;
}

// A table of each channel, made from how often each byte occurs in it.
template <class MakeTable>
Image by_histogram(Image image, MakeTable&& make_table) {
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<std::int64_t, 256> counts = {};
    for (std::size_t i = c; i < image.rgb.size(); i += 3)
      ++counts[image.rgb[i]];
    const Table table = make_table(counts);
    for (std::size_t i = c; i < image.rgb.size(); i += 3)
      image.rgb[i] = table[image.rgb[i]];
  }
  return image;
}

int clip8(std::int64_t value) {
  return static_cast<int>(std::clamp<std::int64_t>(value, 0, 255));
}

}  // namespace

Image posterize(Image image, int bits) {
  const int mask = ~((1 << (8 - bits)) - 1);
  return looked_up(std::move(image), table_of([&](int v) { return v & mask; }));
}

Image solarize(Image image, double threshold) {
  return looked_up(std::move(image), table_of([&](int v) { return v < threshold ? v : 255 - v; }));
}

Image invert(Image image) {
  return looked_up(std::move(image), table_of([](int v) { return 255 - v; }));
}

Image autocontrast(Image image) {
  return by_histogram(std::move(image), [](const auto& counts) {
    int low = 0, high = 255;
    while (low < 255 && counts[static_cast<std::size_t>(low)] == 0)
      ++low;
    while (high > 0 && counts[static_cast<std::size_t>(high)] == 0)
      --high;
    if (high <= low) return table_of([](int v) { return v; });
    const double scale = 255.0 / (high - low), offset = -low * scale;
    return table_of([&](int v) { return clip8(static_cast<std::int64_t>(v * scale + offset)); });
  });
}

Image equalize(Image image) {
  return by_histogram(std::move(image), [](const auto& counts) {
    const auto last = std::find_if(counts.rbegin(), counts.rend(), [](std::int64_t n) { return n > 0; });
    const std::int64_t all = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    const std::int64_t step = last == counts.rend() ? 0 : (all - *last) / 255;
    const auto kinds = std::count_if(counts.begin(), counts.end(), [](std::int64_t n) { return n > 0; });
    if (kinds <= 1 || step == 0) return table_of([](int v) { return v; });
    std::int64_t below = step / 2;
    return table_of([&](int v) {
      const int level = clip8(below / step);
      below += counts[static_cast<std::size_t>(v)];
      return level;
    });
  });
}

Image adjust_sharpness(Image image, double factor) {
  // A centre of 5 among eights of 1, by 13. No sum of bytes lies half way between two levels, so that how Pillow rounds
  // its floats does not matter; the rim is left.
  const Image sharp = image;
  const auto stride = static_cast<std::size_t>(image.width) * 3;
  for (int y = 1; y + 1 < image.height; ++y) {
    for (std::size_t i = 3; i + 3 < stride; ++i) {
      const std::uint8_t* at = sharp.rgb.data() + static_cast<std::size_t>(y) * stride + i;
      int sum = 4 * at[0];
      for (const std::uint8_t* row : {at - stride, at, at + stride})
        sum += row[-3] + row[0] + row[3];
      image.rgb[static_cast<std::size_t>(y) * stride + i] = static_cast<std::uint8_t>((2 * sum + 13) / 26);
    }
  }
  const auto share = static_cast<float>(factor);
  for (std::size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = blend(image.rgb[i], sharp.rgb[i], share);
  return image;
}

Image to_grey(Image image) {
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    std::uint8_t* rgb = &image.rgb[i];
    std::fill_n(rgb, 3, luma(rgb));
  }
  return image;
}

}  // namespace graft::data
