#include "graft/io/image.h"

#include "graft/io/image_findings.h"
#include "graft/io/image_formats.h"
#include "graft/io/mapped_file.h"
#include "graft/io/orientation.h"

namespace graft::io {
namespace {

// What a file is that no decoder here reads; empty: it cannot be told.
std::string_view other_kind(std::string_view text) {
  if (text.starts_with("GIF8")) return "a GIF";
  if (text.starts_with(std::string_view("II*\0", 4)) || text.starts_with(std::string_view("MM\0*", 4)))
    return "a TIFF or a camera's raw file";
  if (text.starts_with("\xff\x0a") || text.substr(0, 8).ends_with("JXL ")) return "a JPEG XL";
  if (text.substr(0, 8).ends_with("jP  ")) return "a JPEG 2000";
  if (text.size() >= 12 && text.substr(4, 4) == "ftyp") {
    const auto brand = text.substr(8, 4);
    if (brand == "avif" || brand == "avis") return "an AVIF";
    if (brand.starts_with("he") || brand == "mif1" || brand == "msf1") return "a HEIC";
    return "a video";
  }
  if (text.starts_with("RIFF")) return "a sound or a video";
  if (text.starts_with("%PDF")) return "a PDF";
  if (text.starts_with("8BPS")) return "a Photoshop file";
  if (text.starts_with("version https://git-lfs")) return "the pointer of a file that Git LFS keeps (git lfs pull)";
  const auto word = text.find_first_not_of(" \t\r\n");
  if (word != std::string_view::npos && text[word] == '<') return "a web page or an SVG (a download that failed?)";
  return "";
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, std::string_view name, std::int64_t max_pixels) {
  ImageFindings unasked;
  return decode_image(bytes, name, max_pixels, unasked);
}

Image decode_image(std::span<const std::byte> bytes, std::string_view name, std::int64_t max_pixels,
                   ImageFindings& findings) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  findings = {.orientation = orientation_of(bytes), .damage = {}};
  const Encoded encoded{bytes, name, max_pixels, findings};
  if (text.starts_with("\xff\xd8\xff")) return decode_jpeg(encoded);
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return decode_png(encoded);
  if (text.size() >= 12 && text.starts_with("RIFF") && text.substr(8, 4) == "WEBP") return decode_webp(encoded);
  if (text.starts_with("BM")) return decode_bmp(encoded);
  const auto kind = other_kind(text.substr(0, 64));
  encoded.fail("not a JPEG, PNG, WebP or BMP image{}{}. Convert it, or leave it out", kind.empty() ? "" : " but ",
               kind);
}

Image read_image(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  return decode_image(file->bytes(), path.string());
}

}  // namespace graft::io
