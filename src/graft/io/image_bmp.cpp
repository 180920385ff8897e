// Windows bitmaps, uncompressed: 1, 4 and 8 bits with a palette, 24 and 32 bits. Run-length codes, 16 bits and unusual
// bit masks are refused.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "graft/io/image_formats.h"

namespace graft::io {
namespace {

constexpr std::size_t kFileHeaderBytes = 14;
constexpr std::uint32_t kCoreHeaderBytes = 12;  // OS/2: 16-bit sizes, palette of 3 bytes a colour
constexpr std::uint32_t kInfoHeaderBytes = 40;  // Windows 3 and everything later begins with it
constexpr std::uint32_t kRgb = 0, kBitFields = 3;

template <class Integer>
Integer read(const Encoded& encoded, std::size_t offset) {
  Integer value;
  if (offset > encoded.bytes.size() || sizeof value > encoded.bytes.size() - offset) encoded.fail("a truncated BMP");
  std::memcpy(&value, encoded.data() + offset, sizeof value);
  return value;
}

struct Header {
  std::int64_t width, height;
  bool top_down;
  unsigned bits;
  std::uint32_t colours;
  std::size_t palette_at, pixels_at, colour_bytes;
};

Header read_header(const Encoded& encoded) {
  const auto size = read<std::uint32_t>(encoded, kFileHeaderBytes);
  const auto at = [&](std::size_t offset) { return kFileHeaderBytes + offset; };
  Header header{};
  header.pixels_at = read<std::uint32_t>(encoded, 10);
  header.palette_at = at(size);
  if (size == kCoreHeaderBytes) {
    header.width = read<std::uint16_t>(encoded, at(4));
    header.height = read<std::uint16_t>(encoded, at(6));
    header.bits = read<std::uint16_t>(encoded, at(10));
    header.colour_bytes = 3;
    header.colours = 1u << std::min(header.bits, 8u);
    return header;
  }
  if (size < kInfoHeaderBytes || size > encoded.bytes.size())
    encoded.fail("a BMP with an unknown header of {} bytes", size);
  header.width = read<std::int32_t>(encoded, at(4));
  header.height = read<std::int32_t>(encoded, at(8));
  header.top_down = header.height < 0;
  header.height = std::abs(header.height);
  header.bits = read<std::uint16_t>(encoded, at(14));
  header.colour_bytes = 4;
  header.colours = read<std::uint32_t>(encoded, at(32));
  if (header.colours == 0) header.colours = 1u << std::min(header.bits, 8u);
  const auto compression = read<std::uint32_t>(encoded, at(16));
  bool usual_masks = false;
  if (compression == kBitFields && header.bits == 32) {
    usual_masks = read<std::uint32_t>(encoded, at(40)) == 0xff0000 && read<std::uint32_t>(encoded, at(44)) == 0xff00 &&
                  read<std::uint32_t>(encoded, at(48)) == 0xff;
  }
  if (compression != kRgb && !usual_masks) encoded.fail("a BMP that is compressed or has unusual bit masks");
  return header;
}

using Colour = std::array<std::uint8_t, 3>;

// What lies beyond the palette, or beyond the file, is black, as in Pillow.
std::array<Colour, 256> read_palette(const Encoded& encoded, const Header& header) {
  std::array<Colour, 256> palette{};
  for (std::size_t i = 0; i < std::min<std::size_t>(header.colours, palette.size()); ++i) {
    const std::size_t at = header.palette_at + i * header.colour_bytes;
    if (at + 3 > encoded.bytes.size()) break;
    std::reverse_copy(encoded.data() + at, encoded.data() + at + 3, palette[i].begin());
  }
  return palette;
}

}  // namespace

Image decode_bmp(const Encoded& encoded) {
  const Header header = read_header(encoded);
  const bool indexed = header.bits == 1 || header.bits == 4 || header.bits == 8;
  if (!indexed && header.bits != 24 && header.bits != 32) encoded.fail("a BMP of {} bits a pixel", header.bits);
  const auto row_bits = static_cast<std::size_t>(header.width) * header.bits;
  const std::size_t row_bytes = (row_bits + 7) / 8, padded = (row_bits + 31) / 32 * 4;
  // Before the pixels are allocated: a header of a few bytes may claim any size. The last row may lack its padding.
  if (header.width <= 0 || header.height <= 0 || header.width > encoded.max_pixels ||
      header.height > encoded.max_pixels || header.pixels_at > encoded.bytes.size() ||
      (static_cast<std::size_t>(header.height) - 1) * padded + row_bytes > encoded.bytes.size() - header.pixels_at) {
    encoded.fail("a truncated BMP: {} x {} pixels do not fit into the file", header.width, header.height);
  }
  const auto palette = indexed ? read_palette(encoded, header) : std::array<Colour, 256>{};

  Image image = encoded.blank(header.width, header.height);
  std::uint8_t* out = image.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    const auto row = static_cast<std::size_t>(header.top_down ? y : image.height - 1 - y);
    const std::uint8_t* in = encoded.data() + header.pixels_at + row * padded;
    for (std::size_t x = 0; x < static_cast<std::size_t>(image.width); ++x, out += 3) {
      if (indexed) {
        const std::size_t bit = x * header.bits;
        const unsigned index = (in[bit / 8] >> (8 - header.bits - bit % 8)) & ((1u << header.bits) - 1);
        std::copy(palette[index].begin(), palette[index].end(), out);
      } else {
        const std::uint8_t* pixel = in + x * header.bits / 8;  // blue, green, red, and what is left out
        std::reverse_copy(pixel, pixel + 3, out);
      }
    }
  }
  return image;
}

}  // namespace graft::io
