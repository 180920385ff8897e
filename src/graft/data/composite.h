// A photo's object on the background of another: do(background) (Pearl 2009), as far as pixels can do it. The object
// keeps its place and its pixels; the other photo's background, without what stood on it, is scaled until it covers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/resize.h"

namespace graft::data {

// What lies where an object was cut out. Both keep something of its outline.
enum class Fill {
  nearest,  // the nearest pixel of the background
  mean,     // the background's mean colour
};
std::vector<std::pair<Fill, std::string>> choices(Fill);

using Object = std::vector<std::uint8_t>;  // [height, width], 1 where the object is, else 0

// Of each pixel the chosen one that is nearest by Euclid, of several any, always the same: [height, width], as places
// in the picture. In time that grows with the pixels alone (Felzenszwalb & Huttenlocher 2012, Distance Transforms of
// Sampled Functions). One is chosen at least.
std::vector<std::size_t> nearest_chosen(std::span<const std::uint8_t> chosen, Size size);

// A photo of which some of the object and some of the background is to be seen, without the object.
Image without_object(const Image& photo, std::span<const std::uint8_t> object, Fill fill);

// Scaled by Pillow's bicubic until it covers `size`, and cut to it in the middle; of that size already: as it is.
Image cover(const Image& image, Size size);

// The object of `photo` on `background`, which is as large. Around the object its photo fades out within `feather`
// pixels (0: at once), in a straight line with the distance to the object: so the object itself is never blended, and
// on its own background a photo stays the same bytes.
Image on_background(const Image& photo, std::span<const std::uint8_t> object, const Image& background, double feather);

}  // namespace graft::data
