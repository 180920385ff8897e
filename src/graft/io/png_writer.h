// 8-bit PNG by libpng into a string, without gamma, times or text: the same pixels give the same bytes.
#pragma once

#include <png.h>
#include <cstdint>
#include <string>
#include <vector>

namespace graft::io {

struct PngPixels {
  int width = 0, height = 0;
  const std::uint8_t* pixels = nullptr;  // [height, width] numbers of a palette, or [height, width, 3] without one
  std::vector<png_color> palette = {};
};

std::string write_png(const PngPixels& image);

}  // namespace graft::io
