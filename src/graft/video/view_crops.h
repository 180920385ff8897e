// Where the square crops of a test lie.
#pragma once

#include <vector>

namespace graft::video {

struct CropOffset {
  int left = 0;
  int top = 0;
};

// One crop: the middle. Three: along the longer side first, middle, last at 0, floor(m / 2), m for a margin m, as
// ST-Adapter places them (TimeSformer and SlowFast round the middle up; mmaction2 puts the last at 2 floor(m / 2), and
// gives it before the middle one). The shorter side is cut in its middle. ConfigError for other counts.
std::vector<CropOffset> crop_offsets(int width, int height, int size, int crops);

}  // namespace graft::video
