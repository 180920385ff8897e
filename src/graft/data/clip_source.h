// Clips as a model's frames, [frames, 3, H, W] of each. In training one draw is made a clip: its frames are cut, turned
// and coloured alike.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graft/data/clip_reading.h"
#include "graft/data/frame_cache.h"
#include "graft/data/source.h"
#include "graft/data/transforms.h"

namespace graft::data {

class ClipSource final : public SampleSource {
 public:
  // With a random transform each example is one random view; else the reading's views of a clip follow one another.
  ClipSource(std::filesystem::path root, std::vector<Sample> samples, ImageTransform transform, ClipReading reading,
             std::shared_ptr<FrameCache> cache);

  Reads reads() const override { return Reads::clip; }
  std::int64_t frames() const override { return reading_.sampling.frames; }
  std::int64_t views() const override { return transform_.is_random() ? 1 : reading_.views(); }
  std::string content(std::int64_t i) const override;
  std::size_t floats() const override { return floats_; }
  void read(std::int64_t i, Random random, Row& row) const override;

  // What example i is read from, for people: its frames whole.
  std::vector<Image> images(std::int64_t i) const;
  // Which frames of its clip example i is, where nothing is random.
  std::vector<std::int64_t> frames_of(std::int64_t i) const;

 private:
  std::filesystem::path file(std::int64_t i) const { return root_ / at(i).input; }
  std::vector<std::int64_t> random_frames(std::int64_t i, Random& random) const;
  Image cut(const Image& frame, std::int64_t crop) const;

  std::filesystem::path root_;
  ImageTransform transform_;
  ClipReading reading_;
  std::shared_ptr<FrameCache> cache_;
  std::size_t floats_;  // frames * 3 * H * W
};

}  // namespace graft::data
