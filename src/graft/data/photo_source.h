// Photos as a model's pixels.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graft/data/image_cache.h"
#include "graft/data/source.h"
#include "graft/data/transforms.h"

namespace graft::data {

class PhotoSource final : public SampleSource {
 public:
  // Without a cache a photo is decoded whenever it is read.
  PhotoSource(std::filesystem::path root, std::vector<Sample> samples, ImageTransform transform,
              std::shared_ptr<ImageCache> cache = nullptr);

  Reads reads() const override { return Reads::photo; }
  std::string content(std::int64_t i) const override;
  std::size_t floats() const override { return floats_; }
  void read(std::int64_t i, Random random, Row& row) const override;

 private:
  std::filesystem::path file(std::int64_t i) const { return root_ / at(i).input; }

  std::filesystem::path root_;
  ImageTransform transform_;
  std::shared_ptr<ImageCache> cache_;
  std::size_t floats_;  // 3 * H * W
};

}  // namespace graft::data
