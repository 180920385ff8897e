#include "graft/detection/drawn_boxes.h"

#include <algorithm>
#include <cmath>

namespace graft::detection {

void draw_box(io::Image& photo, const Box& box, const io::Colour& colour) {
  const int thickness = std::max(1, std::max(photo.width, photo.height) / 300);
  const auto pixel = [](double at, int side) {
    return static_cast<int>(std::lround(std::clamp(at, 0.0, static_cast<double>(side - 1))));
  };
  const int left = pixel(box.x, photo.width), right = pixel(box.x + box.width, photo.width);
  const int top = pixel(box.y, photo.height), bottom = pixel(box.y + box.height, photo.height);
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      if (std::min({x - left, right - x, y - top, bottom - y}) >= thickness) continue;
      std::ranges::copy(colour, photo.rgb.begin() + 3 * (static_cast<std::ptrdiff_t>(y) * photo.width + x));
    }
  }
}

const io::Colour& colour_of(std::size_t category) {
  const auto& colours = io::pascal_colours();
  return colours[1 + category % (colours.size() - 1)];
}

}  // namespace graft::detection
