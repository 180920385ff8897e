// Photos whose objects are cut out by masks, each on any background, as a model's pixels. Made while they are read:
// none is written anywhere.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "graft/data/composite.h"
#include "graft/data/image_cache.h"
#include "graft/data/masks.h"
#include "graft/data/source.h"
#include "graft/data/transforms.h"

namespace graft::data {

// Photos with a mask each, of which one number is the background and everything else the object, what is not counted
// among it: what nobody calls background stays with the object.
struct CutPhotos {
  std::filesystem::path root;  // of the photos
  std::vector<Sample> samples;
  std::shared_ptr<const Masks> masks;
  std::uint8_t background = 0;  // its number in the masks
  std::shared_ptr<ImageCache> images;

  std::filesystem::path path(std::size_t photo) const { return root / samples[photo].input; }
  std::shared_ptr<const Image> image(std::size_t photo) const { return images->read(path(photo)); }
  // DataError where the mask cannot be read or is of another size, and where nothing of it, or all, is the object.
  Object object(std::size_t photo) const;
};

struct Composite {
  enum class Kind { photo, swapped, alone };  // as it is; on a background; its background without it
  Kind kind = Kind::photo;
  std::size_t photo = 0, background = 0;
  bool operator==(const Composite&) const = default;
};

struct CompositeOptions {
  Fill fill = Fill::nearest;
  double feather = 0;
};
template <class Visitor>
void fields(Visitor& visit, CompositeOptions& o) {
  visit("fill", o.fill, "what lies where an object was cut out of a background");
  visit("feather", o.feather, "pixels around an object within which its own photo fades into the new background");
}

Image compose(const CutPhotos& photos, const Composite& composite, const CompositeOptions& options);

class CompositeSource final : public Source {
 public:
  CompositeSource(CutPhotos photos, std::vector<Composite> composites, const CompositeOptions& options,
                  ImageTransform transform);

  Reads reads() const override { return Reads::photo; }
  std::int64_t size() const override { return static_cast<std::int64_t>(composites_.size()); }
  std::string name(std::int64_t i) const override;     // "cat.jpg on dog.jpg"
  std::string content(std::int64_t i) const override;  // of photos, masks, and how they are put together
  std::int64_t label(std::int64_t i) const override;   // the photo's
  std::span<const float> values(std::int64_t) const override { return {}; }
  std::size_t floats() const override;
  void read(std::int64_t i, Random random, Row& row) const override;

  const CutPhotos& photos() const { return photos_; }
  const Composite& composite(std::int64_t i) const { return composites_[static_cast<std::size_t>(i)]; }

 private:
  CutPhotos photos_;
  std::vector<Composite> composites_;
  CompositeOptions options_;
  ImageTransform transform_;
};

}  // namespace graft::data
