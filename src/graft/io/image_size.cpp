#include "graft/io/image_size.h"

#include <limits>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"
#include "graft/io/orientation.h"

namespace graft::io {
namespace {

constexpr std::uint64_t kBeyond = std::numeric_limits<std::uint64_t>::max();

// kBeyond behind the end.
std::uint64_t big(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return kBeyond;
  std::uint64_t value = 0;
  for (std::size_t k = 0; k < size; ++k)
    value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
  return value;
}

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return kBeyond;
  std::uint64_t value = 0;
  for (std::size_t k = size; k-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
  return value;
}

struct Sides {
  std::uint64_t width = kBeyond, height = kBeyond;
};

// The first start of a frame (ITU T.81, B.1.1.3): SOF0 to SOF15 but for the tables DHT, JPG and DAC among them.
Sides of_jpeg(std::string_view file) {
  std::size_t at = 2;
  while (at + 4 <= file.size() && file[at] == '\xff') {
    const auto marker = static_cast<unsigned char>(file[at + 1]);
    if (marker == 0xff) {
      ++at;
    } else if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
    } else if (marker == 0xd9 || marker == 0xda) {
      break;
    } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      return {big(file, at + 7, 2), big(file, at + 5, 2)};
    } else {
      const auto length = big(file, at + 2, 2);
      if (length < 2 || length == kBeyond) break;
      at += 2 + static_cast<std::size_t>(length);
    }
  }
  return {};
}

Sides of_webp(std::string_view file) {
  const auto kind = file.substr(12, 4);
  if (kind == "VP8X") {
    const auto width = little(file, 24, 3), height = little(file, 27, 3);
    return height == kBeyond ? Sides{} : Sides{width + 1, height + 1};
  }
  if (kind == "VP8L") {
    const auto bits = little(file, 21, 4);
    return bits == kBeyond ? Sides{} : Sides{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  const auto width = little(file, 26, 2), height = little(file, 28, 2);
  return height == kBeyond ? Sides{} : Sides{width & 0x3fff, height & 0x3fff};
}

Sides of_bmp(std::string_view file) {
  if (little(file, 14, 4) == 12) return {little(file, 18, 2), little(file, 20, 2)};
  const auto width = little(file, 18, 4), height = little(file, 22, 4);
  if (height == kBeyond) return {};
  return {width, height > 0x7fffffff ? 0x100000000 - height : height};  // negative: the rows stand from the top
}

}  // namespace

ImageSize image_size(std::span<const std::byte> bytes, std::string_view name) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Sides sides;
  if (file.starts_with("\xff\xd8\xff"))
    sides = of_jpeg(file);
  else if (file.starts_with("\x89PNG\r\n\x1a\n"))
    sides = {big(file, 16, 4), big(file, 20, 4)};
  else if (file.size() >= 16 && file.starts_with("RIFF") && file.substr(8, 4) == "WEBP")
    sides = of_webp(file);
  else if (file.starts_with("BM"))
    sides = of_bmp(file);
  else if (file.starts_with("GIF8"))
    sides = {little(file, 6, 2), little(file, 8, 2)};
  else
    throw DataError("image", "{}: not a JPEG, PNG, WebP, BMP or GIF image.", name);
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int32_t>::max();
  if (sides.width - 1 >= kLongest || sides.height - 1 >= kLongest)
    throw DataError("image", "{}: its header tells no size. Is the file whole?", name);
  return {static_cast<std::int32_t>(sides.width), static_cast<std::int32_t>(sides.height), orientation_of(bytes)};
}

ImageSize read_image_size(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  return image_size(file->bytes(), path.string());
}

}  // namespace graft::io
