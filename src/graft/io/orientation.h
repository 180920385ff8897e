// How a camera was held, as EXIF says it, and turning a photo upright, as Pillow's ImageOps.exif_transpose does both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "graft/io/image.h"

namespace graft::io {

// The tag of a JPEG, PNG or WebP, 1 to 8; 1 where there is none, or none that can be read. XMP is asked after EXIF.
int orientation_of(std::span<const std::byte> file);

// The photo as its tag says that it should be seen; 1 leaves it.
Image turned(Image image, int orientation);

}  // namespace graft::io
