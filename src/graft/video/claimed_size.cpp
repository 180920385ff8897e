#include "graft/video/claimed_size.h"

#include <string_view>

namespace graft::video {
namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const unsigned char byte : bytes)
    value = value << 8 | byte;
  return value;
}

// A length of EBML (RFC 8794, section 4): the leading zero bits of the first byte count the bytes that follow. All
// ones: unknown.
struct Length {
  std::size_t bytes = 0;  // 0: there is none
  std::optional<std::uint64_t> value;
};
Length ebml_length(std::string_view text) {
  if (text.empty() || text[0] == 0) return {};
  std::size_t bytes = 1;
  while ((static_cast<unsigned char>(text[0]) >> (8 - bytes)) == 0)
    ++bytes;
  if (text.size() < bytes) return {};
  const std::uint64_t mask = (std::uint64_t{1} << (7 * bytes)) - 1;
  const std::uint64_t value = big_endian(text.substr(0, bytes)) & mask;
  if (value == mask) return {bytes, std::nullopt};
  return {bytes, value};
}

std::optional<std::uint64_t> of_matroska(std::string_view text) {
  constexpr std::string_view kSegment = "\x18\x53\x80\x67";
  const Length header = ebml_length(text.substr(4));
  if (!header.value || *header.value > text.size()) return std::nullopt;
  const std::size_t segment = 4 + header.bytes + *header.value;
  if (segment > text.size() || text.substr(segment, 4) != kSegment) return std::nullopt;
  const Length length = ebml_length(text.substr(segment + 4));
  if (!length.value) return std::nullopt;
  return segment + 4 + length.bytes + *length.value;
}

std::optional<std::uint64_t> of_riff(std::string_view text) {
  constexpr std::uint64_t kOpen = 0xffffffff;
  constexpr std::uint64_t kSlack = 64;  // writers count their own header in, or round
  std::uint64_t size = 0;
  for (int i = 3; i >= 0; --i)
    size = size << 8 | static_cast<unsigned char>(text[4 + i]);
  if (size <= kSlack || size == kOpen) return std::nullopt;
  return 8 + size - kSlack;
}

// The boxes of an MP4 one behind another (ISO/IEC 14496-12, 4.2); one of length 0 goes to the end of the file.
std::optional<std::uint64_t> of_boxes(std::string_view text) {
  std::uint64_t at = 0;
  while (at + 8 <= text.size()) {
    std::uint64_t size = big_endian(text.substr(at, 4));
    if (size == 1 && at + 16 <= text.size()) size = big_endian(text.substr(at + 8, 8));
    if (size < 8 || at + size < at) return std::nullopt;
    at += size;
  }
  return at;
}

}  // namespace

std::optional<std::uint64_t> claimed_size(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.size() < 12) return std::nullopt;
  if (text.starts_with("\x1a\x45\xdf\xa3")) return of_matroska(text);
  if (text.starts_with("RIFF")) return of_riff(text);
  if (text.substr(4, 4) == "ftyp") return of_boxes(text);
  return std::nullopt;
}

}  // namespace graft::video
