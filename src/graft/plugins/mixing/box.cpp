#include "graft/plugins/mixing/box.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

namespace graft::plugins {

Box box_around(int64_t row, int64_t column, int64_t height, int64_t width, double lambda) {
  const double side = std::sqrt(1 - lambda);
  const auto half = [&](int64_t length) { return static_cast<int64_t>(static_cast<double>(length) * side) / 2; };
  const auto within = [](int64_t at, int64_t length) { return std::clamp<int64_t>(at, 0, length); };
  return {within(row - half(height), height), within(column - half(width), width), within(row + half(height), height),
          within(column + half(width), width)};
}

double share_left(const Box& box, int64_t height, int64_t width) {
  const auto area = static_cast<double>((box.bottom - box.top) * (box.right - box.left));
  return 1 - area / static_cast<double>(height * width);
}

at::Tensor paste(const at::Tensor& x, const at::Tensor& partner, const std::vector<Box>& boxes) {
  at::Tensor mixed = x.clone();
  for (size_t i = 0; i < boxes.size(); ++i) {
    const Box& box = boxes[i];
    const auto inside = [&](const at::Tensor& photo) {
      return photo.narrow(-2, box.top, box.bottom - box.top).narrow(-1, box.left, box.right - box.left);
    };
    const auto place = static_cast<int64_t>(i);
    inside(mixed[place]).copy_(inside(x[partner[place].item<int64_t>()]));
  }
  return mixed;
}

}  // namespace graft::plugins
