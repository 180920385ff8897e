// What a photo's file holds that its pixels do not tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "graft/io/image.h"

namespace graft::io {

struct ImageFindings {
  int orientation = 1;    // EXIF's (or XMP's) tag, 1 to 8, where Pillow looks for it; 1: upright, or none
  std::string damage;     // what the decoder had to pass over; empty: nothing
  bool whitened = false;  // 16-bit grey, of which all that is above 255 is white, as in Pillow
};

// decode_image() that fills `findings`.
Image decode_image(std::span<const std::byte> bytes, std::string_view name, std::int64_t max_pixels,
                   ImageFindings& findings);

}  // namespace graft::io
