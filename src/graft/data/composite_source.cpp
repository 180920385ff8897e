#include "graft/data/composite_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/options.h"

namespace graft::data {

Object CutPhotos::object(std::size_t photo) const {
  const auto& sample = samples[photo];
  const auto pixels = image(photo);
  const auto mask = masks->read(sample, {pixels->height, pixels->width});
  Object object(mask->classes.size());
  std::ranges::transform(mask->classes, object.begin(),
                         [this](std::uint8_t told) -> std::uint8_t { return told == background ? 0 : 1; });
  const auto area = std::ranges::count(object, 1);
  if (area == 0) throw DataError("mask", "{}: its mask {} marks no object.", sample.shown(), sample.pair);
  if (area == std::ssize(object)) {
    throw DataError("mask", "{}: its mask {} calls the whole photo an object, and leaves no background.",
                    sample.shown(), sample.pair);
  }
  return object;
}

Image compose(const CutPhotos& photos, const Composite& composite, const CompositeOptions& options) {
  const auto photo = photos.image(composite.photo);
  if (composite.kind == Composite::Kind::photo) return *photo;
  const auto object = photos.object(composite.photo);
  if (composite.kind == Composite::Kind::alone) return without_object(*photo, object, options.fill);
  const auto other = photos.image(composite.background);
  const auto background =
      cover(without_object(*other, photos.object(composite.background), options.fill), {photo->height, photo->width});
  return on_background(*photo, object, background, options.feather);
}

CompositeSource::CompositeSource(CutPhotos photos, std::vector<Composite> composites, const CompositeOptions& options,
                                 ImageTransform transform)
    : photos_(std::move(photos)),
      composites_(std::move(composites)),
      options_(options),
      transform_(std::move(transform)) {}

std::string CompositeSource::name(std::int64_t i) const {
  const auto& one = composite(i);
  const auto& photo = photos_.samples[one.photo].shown();
  if (one.kind == Composite::Kind::photo) return photo;
  if (one.kind == Composite::Kind::alone) return photo + " without its object";
  return fmt::format("{} on {}", photo, photos_.samples[one.background].shown());
}

std::string CompositeSource::content(std::int64_t i) const {
  const auto& one = composite(i);
  if (one.kind == Composite::Kind::photo) return photos_.images->content(photos_.path(one.photo));
  Hash hash;
  for (const auto photo : {one.photo, one.background}) {
    hash.add(photos_.images->content(photos_.path(photo)));
    hash.add(photos_.masks->content(photos_.samples[photo]));
  }
  hash.add(one.kind == Composite::Kind::alone ? "alone" : "swapped");
  hash.add(fmt::format("{} {} {}", photos_.background, option::print(options_.fill), options_.feather));
  return hash.hex();
}

std::int64_t CompositeSource::label(std::int64_t i) const {
  return photos_.samples[composite(i).photo].label;
}

std::size_t CompositeSource::floats() const {
  return std::size_t{3} * static_cast<std::size_t>(transform_.output().height) *
         static_cast<std::size_t>(transform_.output().width);
}

void CompositeSource::read(std::int64_t i, Random random, Row& row) const {
  transform_.write(compose(photos_, composite(i), options_), random, row.pixels);
}

}  // namespace graft::data
