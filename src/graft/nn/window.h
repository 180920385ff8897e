// How a convolution goes over maps.
#pragma once

#include <cstdint>
#include <vector>

namespace graft::nn {

// Of time, and of both sides of an image.
struct Extent {
  int64_t time = 1;
  int64_t space = 1;
  bool operator==(const Extent&) const = default;
};

struct Window {
  std::vector<int64_t> sides = {};  // of its kernel, [h, w] or [t, h, w]; none: it is no convolution's
  Extent stride = {}, dilation = {};
  int64_t taps() const {
    int64_t all = 1;
    for (const auto side : sides)
      all *= side;
    return all;
  }
};

}  // namespace graft::nn
