// Resizing of 8-bit RGB, equal to Pillow's Image.resize to the bit: a filter whose support grows when shrinking
// (antialiased), one pass along rows and one along columns with 8 bits in between, and weights in 22-bit fixed point.
// Pretrained weights were trained behind these very pixels. The order of the passes is that of Pillow 13; earlier
// versions always go along rows first, which differs in some bytes where the height shrinks much more than the width.
// One filter is PyTorch's: torchvision's video models were trained behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/io/image.h"

namespace graft::data {

using io::Image;

enum class Filter {
  nearest,
  box,
  bilinear,
  hamming,
  bicubic,
  lanczos,
  sampled_bilinear,  // torch.nn.functional.interpolate's: two neighbours a side, however much is shrunk
};
std::vector<std::pair<Filter, std::string>> choices(Filter);

struct Size {
  int height = 0;
  int width = 0;
  bool operator==(const Size&) const = default;
};

// A region in real coordinates of the source, as Pillow's `box`: right and bottom are outside.
struct Box {
  float left = 0, top = 0, right = 0, bottom = 0;
};

// A rectangle of whole pixels.
struct Rect {
  int left = 0, top = 0, width = 0, height = 0;
  bool operator==(const Rect&) const = default;
};

// Pixels that somebody else owns: an image, or a rectangle inside one without a copy.
struct ImageView {
  ImageView(const Image& image);  // the implicit conversion is the point: every Image is a view of itself
  ImageView(const Image& image, Rect rect);
  ImageView(const std::uint8_t* rgb, int width, int height, std::ptrdiff_t stride)
      : rgb(rgb), width(width), height(height), stride(stride) {}

  const std::uint8_t* row(int y) const { return rgb + y * stride; }

  const std::uint8_t* rgb;
  int width;
  int height;
  std::ptrdiff_t stride;  // bytes from one row to the next
};

// The image of `size` that Pillow would make of `box` (all of it, when absent); of that image only the rectangle `part`
// is computed, so that a centre crop does not pay for what it throws away.
Image resize(ImageView image, Size size, Filter filter, std::optional<Box> box = {}, std::optional<Rect> part = {});

// A copy of a rectangle that may reach over the edges; outside lies `fill`.
Image crop(ImageView image, Rect rect, std::array<std::uint8_t, 3> fill = {});

}  // namespace graft::data
