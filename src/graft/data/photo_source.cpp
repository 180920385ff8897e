#include "graft/data/photo_source.h"

#include <utility>

#include "graft/io/image.h"

namespace graft::data {

PhotoSource::PhotoSource(std::filesystem::path root, std::vector<Sample> samples, ImageTransform transform,
                         std::shared_ptr<ImageCache> cache)
    : SampleSource(std::move(samples)),
      root_(std::move(root)),
      transform_(std::move(transform)),
      cache_(std::move(cache)),
      floats_(std::size_t{3} * transform_.output().height * transform_.output().width) {}

std::string PhotoSource::content(std::int64_t i) const {
  return cache_ ? cache_->content(file(i)) : content_of_file(file(i));
}

void PhotoSource::read(std::int64_t i, Random random, Row& row) const {
  if (cache_) {
    transform_.write(*cache_->read(file(i)), random, row.pixels);
  } else {
    transform_.write(io::read_image(file(i)), random, row.pixels);
  }
}

}  // namespace graft::data
