// Photos with a caption each: pixels, and what is told of them is the caption's ids.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "graft/data/photo_source.h"
#include "graft/data/source.h"
#include "graft/data/text_source.h"

namespace graft::data {

// Both are of the same samples, in their order. A photo's content is its file's alone, so that its features are found
// again whatever is said of it.
class PairSource final : public Source {
 public:
  PairSource(std::shared_ptr<const PhotoSource> photos, std::shared_ptr<const TextSource> captions)
      : photos_(std::move(photos)), captions_(std::move(captions)) {}

  Reads reads() const override { return photos_->reads(); }
  std::int64_t size() const override { return photos_->size(); }
  std::string name(std::int64_t i) const override { return photos_->name(i); }
  std::string content(std::int64_t i) const override { return photos_->content(i); }
  std::int64_t label(std::int64_t i) const override { return photos_->label(i); }
  std::span<const float> values(std::int64_t i) const override { return photos_->values(i); }
  std::size_t floats() const override { return photos_->floats(); }
  void read(std::int64_t i, Random random, Row& row) const override { photos_->read(i, random, row); }
  std::span<const std::int32_t> caption(std::int64_t i) const override { return captions_->ids(i); }

 private:
  std::shared_ptr<const PhotoSource> photos_;
  std::shared_ptr<const TextSource> captions_;
};

}  // namespace graft::data
