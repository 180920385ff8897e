// Photos as a model's pixels, with what is told of each pixel: a mask goes through whatever its photo goes through,
// with the nearest pixel where the photo is resized. The whole photo is read, whatever its shape, so that every pixel
// of it is answered.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graft/data/image_cache.h"
#include "graft/data/masks.h"
#include "graft/data/source.h"
#include "graft/data/transforms.h"

namespace graft::data {

// Pre-processing that squashes the whole photo into what the model reads, in place of cutting its middle out.
Preprocessing whole_photo(Preprocessing preprocessing);

// ConfigError for random changes that masks do not follow: policies, which turn and shear photos.
void check_follows(const Augmentation& augmentation);

class MaskSource final : public SampleSource {
 public:
  // `preprocessing` is the model's own. Without a cache a photo is decoded whenever it is read; without masks nothing
  // is told of it.
  MaskSource(std::filesystem::path root, std::vector<Sample> samples, Preprocessing preprocessing,
             const Augmentation& augmentation, std::shared_ptr<ImageCache> cache, std::shared_ptr<const Masks> masks);

  Reads reads() const override { return Reads::photo; }
  // Of the file, and that all of it is read: kept features of a cut photo are others.
  std::string content(std::int64_t i) const override;
  std::size_t floats() const override;
  Size mask_size() const override { return transform_.output(); }
  std::string told(std::int64_t i) const override;
  std::shared_ptr<const Mask> mask(std::int64_t i) const override;
  void read(std::int64_t i, Random random, Row& row) const override;

 private:
  std::filesystem::path file(std::int64_t i) const { return root_ / at(i).input; }
  std::shared_ptr<const Image> photo(std::int64_t i) const;
  std::shared_ptr<const Mask> mask_of(std::int64_t i, Size photo) const;

  std::filesystem::path root_;
  ImageTransform transform_;
  std::shared_ptr<ImageCache> cache_;
  std::shared_ptr<const Masks> masks_;
};

}  // namespace graft::data
