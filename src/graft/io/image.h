// Decoding JPEG, PNG, WebP and BMP to 8-bit RGB, to the same bits as Pillow's Image.open(f).convert("RGB"): alpha and
// palette transparency are dropped, grey is repeated, CMYK inverted and multiplied, EXIF rotation not applied.
// A file that ends before its picture is an error. A JPEG whose picture is damaged, but which has its end, is read as
// Pillow reads it, half grey perhaps, and image_findings.h says so. For PNG this is stricter than Pillow, which does
// not look at the checksums of the pixels, nor miss what should follow them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace graft::io {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  // [height, width, 3]
};

// Pillow's bound against decompression bombs.
constexpr std::int64_t kMaxPixels = 178'956'970;

// The format is told by the bytes, not by the name. DataError, with `name`, for anything that cannot be decoded whole.
Image decode_image(std::span<const std::byte> bytes, std::string_view name, std::int64_t max_pixels = kMaxPixels);
Image read_image(const std::filesystem::path& path);

}  // namespace graft::io
