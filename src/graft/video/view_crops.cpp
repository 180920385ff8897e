#include "graft/video/view_crops.h"

#include "graft/core/error.h"

namespace graft::video {

std::vector<CropOffset> crop_offsets(int width, int height, int size, int crops) {
  if (crops != 1 && crops != 3) throw ConfigError("video", "crops: expected 1 or 3, got {}.", crops);
  if (size < 1 || width < size || height < size) {
    throw ConfigError("video", "a crop of {} does not fit into frames of {} x {}. Resize them first.", size, width,
                      height);
  }
  const int across = width - size, down = height - size;
  const CropOffset middle{across / 2, down / 2};
  if (crops == 1) return {middle};
  if (width >= height) return {{0, middle.top}, middle, {across, middle.top}};
  return {{middle.left, 0}, middle, {middle.left, down}};
}

}  // namespace graft::video
