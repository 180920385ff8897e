#include "graft/io/orientation.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>

namespace graft::io {
namespace {

constexpr std::string_view kExifMark("Exif\0\0", 6);
constexpr std::string_view kXmpMark("http://ns.adobe.com/xap/1.0/\0", 29);

enum class Endian { big, little };

// 0 beyond the end: a cut directory then ends by itself.
std::uint32_t number_at(std::string_view bytes, std::size_t at, int size, Endian endian) {
  if (at > bytes.size() || static_cast<std::size_t>(size) > bytes.size() - at) return 0;
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i) {
    const int place = endian == Endian::big ? i : size - 1 - i;
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(place)]);
  }
  return value;
}

// The tag 0x0112 of the first directory of a TIFF; nothing where it is not there, or no whole number.
std::optional<std::int64_t> tiff_orientation(std::string_view tiff) {
  for (int i = 0; i < 2; ++i) {
    if (tiff.starts_with(kExifMark)) tiff.remove_prefix(kExifMark.size());
  }
  if (!tiff.starts_with("II") && !tiff.starts_with("MM")) return std::nullopt;
  const Endian endian = tiff.starts_with("II") ? Endian::little : Endian::big;
  if (number_at(tiff, 2, 2, endian) != 42) return std::nullopt;
  const std::size_t directory = number_at(tiff, 4, 4, endian);
  std::optional<std::int64_t> found;
  for (std::uint32_t i = 0, count = number_at(tiff, directory, 2, endian); i < count; ++i) {
    const std::size_t entry = directory + 2 + std::size_t{12} * i;
    if (number_at(tiff, entry, 2, endian) != 0x0112) continue;
    const auto type = number_at(tiff, entry + 2, 2, endian), values = number_at(tiff, entry + 4, 4, endian);
    const bool is_short = type == 3 || type == 8, is_long = type == 4 || type == 9;
    if (values == 0 || (!is_short && !is_long)) continue;
    const int size = is_short ? 2 : 4;
    const bool inside = static_cast<std::uint64_t>(size) * values <= 4;
    const std::size_t at = inside ? entry + 8 : number_at(tiff, entry + 8, 4, endian);
    found = number_at(tiff, at, size, endian);
  }
  return found;
}

std::optional<std::int64_t> xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kKey = "tiff:Orientation";
  for (std::size_t at = xmp.find(kKey); at != std::string_view::npos; at = xmp.find(kKey, at + 1)) {
    std::string_view rest = xmp.substr(at + kKey.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return rest.front() - '0';
  }
  return std::nullopt;
}

struct Tags {
  std::string exif;
  std::string_view xmp;
};

Tags jpeg_tags(std::string_view file) {
  Tags tags;
  for (std::size_t at = 2; at + 4 <= file.size() && file[at] == '\xff';) {
    const auto marker = static_cast<unsigned char>(file[at + 1]);
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0xd9 || marker == 0xda) break;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const std::size_t length = number_at(file, at + 2, 2, Endian::big);
    if (length < 2 || length > file.size() - at - 2) break;
    std::string_view body = file.substr(at + 4, length - 2);
    if (marker == 0xe1 && body.starts_with(kExifMark)) {
      tags.exif += body.substr(tags.exif.empty() ? 0 : kExifMark.size());  // a long one goes on in the next segment
    } else if (marker == 0xe1 && body.starts_with(kXmpMark)) {
      tags.xmp = body.substr(kXmpMark.size());
    }
    at += 2 + length;
  }
  return tags;
}

// The hexadecimal text of ImageMagick's "Raw profile type exif": a blank line, the name, the length, the digits.
std::string raw_profile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(std::tolower(c)));
    if (digit == std::string_view::npos) continue;
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      bytes += static_cast<char>(high << 4 | static_cast<int>(digit));
      high = -1;
    }
  }
  return bytes;
}

Tags png_tags(std::string_view file) {
  constexpr std::string_view kXmpKey("XML:com.adobe.xmp\0", 18), kRawKey("Raw profile type exif\0", 22);
  Tags tags;
  std::string raw;
  for (std::size_t at = 8; at + 12 <= file.size();) {
    const std::size_t length = number_at(file, at, 4, Endian::big);
    if (length > file.size() - at - 12) break;
    const std::string_view type = file.substr(at + 4, 4), body = file.substr(at + 8, length);
    if (type == "eXIf") tags.exif = body;
    if (type == "tEXt" && body.starts_with(kRawKey)) raw = raw_profile(body.substr(kRawKey.size()));
    // A flag and method of compression, a language, the translated key; compressed XMP is left alone.
    if (type == "iTXt" && body.starts_with(kXmpKey) && body.size() > kXmpKey.size() + 2 && body[kXmpKey.size()] == 0)
      tags.xmp = body.substr(kXmpKey.size() + 2);
    if (type == "IEND") break;
    at += 12 + length;
  }
  if (tags.exif.empty()) tags.exif = raw;
  return tags;
}

Tags webp_tags(std::string_view file) {
  Tags tags;
  for (std::size_t at = 12; at + 8 <= file.size();) {
    const std::size_t length = number_at(file, at + 4, 4, Endian::little);
    if (length > file.size() - at - 8) break;
    const std::string_view type = file.substr(at, 4), body = file.substr(at + 8, length);
    if (type == "EXIF" && tags.exif.empty()) tags.exif = body;
    if (type == "XMP " && tags.xmp.empty()) tags.xmp = body;
    at += 8 + length + length % 2;
  }
  return tags;
}

}  // namespace

int orientation_of(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Tags tags;
  if (file.starts_with("\xff\xd8")) tags = jpeg_tags(file);
  if (file.starts_with("\x89PNG")) tags = png_tags(file);
  if (file.starts_with("RIFF")) tags = webp_tags(file);
  auto found = tiff_orientation(tags.exif);
  if (!found) found = xmp_orientation(tags.xmp);
  return found && *found >= 1 && *found <= 8 ? static_cast<int>(*found) : 1;
}

Image turned(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool swaps = orientation >= 5;
  Image out{swaps ? image.height : image.width, swaps ? image.width : image.height,
            std::vector<std::uint8_t>(image.rgb.size())};
  // Where the first pixel of the result lies in the photo, and how far one step to the right or down leads there.
  const std::ptrdiff_t w = image.width, h = image.height;
  struct Path {
    std::ptrdiff_t start, right, down;
  };
  const Path paths[] = {{w - 1, -1, w},      {w * h - 1, -1, -w}, {w * (h - 1), 1, -w}, {0, w, 1},
                        {w * (h - 1), -w, 1}, {w * h - 1, -w, -1}, {w - 1, w, -1}};
  const Path path = paths[orientation - 2];
  std::uint8_t* to = out.rgb.data();
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    const std::uint8_t* from = image.rgb.data() + 3 * (path.start + y * path.down);
    for (std::ptrdiff_t x = 0; x < out.width; ++x, from += 3 * path.right, to += 3)
      std::copy(from, from + 3, to);
  }
  return out;
}

}  // namespace graft::io
