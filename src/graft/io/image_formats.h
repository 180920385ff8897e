// One decoder a format, behind image.h. Each expects bytes that begin with its signature.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/io/image_findings.h"

namespace graft::io {

struct Encoded {
  std::span<const std::byte> bytes;
  std::string_view name;
  std::int64_t max_pixels;
  ImageFindings& findings;  // a decoder adds what it meets

  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw DataError("image", "{}: {}.", name, fmt::format(format, std::forward<Args>(args)...));
  }
  // An image with room for its pixels.
  Image blank(std::int64_t width, std::int64_t height) const {
    if (width <= 0 || height <= 0) fail("an image of {} x {} pixels", width, height);
    if (width > max_pixels / height) {
      fail("{} x {} pixels, at most {} are decoded: it may be a decompression bomb", width, height, max_pixels);
    }
    return {static_cast<int>(width), static_cast<int>(height),
            std::vector<std::uint8_t>(3 * static_cast<std::size_t>(width * height))};
  }
};

Image decode_jpeg(const Encoded& encoded);
Image decode_png(const Encoded& encoded);
Image decode_webp(const Encoded& encoded);
Image decode_bmp(const Encoded& encoded);

}  // namespace graft::io
