#include "graft/data/mask_source.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/io/image.h"

namespace graft::data {

Preprocessing whole_photo(Preprocessing preprocessing) {
  preprocessing.resize = preprocessing.output();
  preprocessing.resize_mode = ResizeMode::squash;
  preprocessing.crop.reset();
  preprocessing.crop_share.reset();
  return preprocessing;
}

void check_follows(const Augmentation& augmentation) {
  if (augmentation.policy == Policy::none) return;
  throw ConfigError("train",
                    "--augment: a policy turns and shears photos, and masks do not follow that. Take none, flip, crop, "
                    "crop-flip or crop-flip-jitter.");
}

MaskSource::MaskSource(std::filesystem::path root, std::vector<Sample> samples, Preprocessing preprocessing,
                       const Augmentation& augmentation, std::shared_ptr<ImageCache> cache,
                       std::shared_ptr<const Masks> masks)
    : SampleSource(std::move(samples)),
      root_(std::move(root)),
      transform_(whole_photo(preprocessing), augmentation),
      cache_(std::move(cache)),
      masks_(std::move(masks)) {
  check_follows(augmentation);
}

std::size_t MaskSource::floats() const {
  const Size size = transform_.output();
  return std::size_t{3} * size.height * size.width;
}

std::string MaskSource::content(std::int64_t i) const {
  return Hash().add(cache_ ? cache_->content(file(i)) : content_of_file(file(i))).add("whole").hex();
}

std::string MaskSource::told(std::int64_t i) const {
  return masks_ ? masks_->content(at(i)) : "";
}

std::shared_ptr<const Image> MaskSource::photo(std::int64_t i) const {
  return cache_ ? cache_->read(file(i)) : std::make_shared<const Image>(io::read_image(file(i)));
}

std::shared_ptr<const Mask> MaskSource::mask_of(std::int64_t i, Size photo) const {
  return masks_ ? masks_->read(at(i), photo) : untold(photo);
}

std::shared_ptr<const Mask> MaskSource::mask(std::int64_t i) const {
  const auto image = photo(i);
  return mask_of(i, {image->height, image->width});
}

void MaskSource::read(std::int64_t i, Random random, Row& row) const {
  const auto image = photo(i);
  if (!row.pixels.empty()) transform_.write(*image, random, row.pixels);
  if (!row.mask.empty()) transform_.write_mask(*mask_of(i, {image->height, image->width}), random, row.mask);
}

}  // namespace graft::data
