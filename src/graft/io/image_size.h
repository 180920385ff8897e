// Width and height of an encoded image from its header; no pixel is decoded. JPEG, PNG, WebP, BMP and GIF, told by the
// bytes and not by the name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace graft::io {

struct ImageSize {
  std::int32_t width = 0, height = 0;  // as stored
  int orientation = 1;                 // EXIF's, 1 to 8; from 5 on the sides change places when the image is shown
  ImageSize upright() const { return orientation >= 5 ? ImageSize{height, width, 1} : *this; }
};

// DataError, with `name`, where the header is none of these or ends too soon.
ImageSize image_size(std::span<const std::byte> bytes, std::string_view name);
ImageSize read_image_size(const std::filesystem::path& path);  // FileError where there is no such file

}  // namespace graft::io
