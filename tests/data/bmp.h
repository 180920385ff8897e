// A small bitmap as a file's bytes, so that tests make their own photos.
#pragma once

#include <cstdint>
#include <string>

#include "graft/data/resize.h"

namespace graft::data {

inline std::string bmp(const Image& image) {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>(value >> (8 * i));
    return out;
  };
  std::string rows;
  for (int y = image.height - 1; y >= 0; --y) {  // bottom up, blue first, rows padded to four bytes
    for (int x = 0; x < image.width; ++x) {
      for (int c = 2; c >= 0; --c)
        rows += static_cast<char>(image.rgb[3 * (y * image.width + x) + c]);
    }
    rows.resize((rows.size() + 3) / 4 * 4);
  }
  const auto size = static_cast<std::uint32_t>(rows.size());
  return "BM" + number(54 + size, 4) + number(0, 4) + number(54, 4) + number(40, 4) + number(image.width, 4) +
         number(image.height, 4) + number(1, 2) + number(24, 2) + number(0, 4) + number(size, 4) +
         std::string(16, '\0') + rows;
}

}  // namespace graft::data
