#include "graft/io/image.h"

#include "graft/io/image_formats.h"
#include "graft/io/mapped_file.h"

namespace graft::io {

Image decode_image(std::span<const std::byte> bytes, std::string_view name, std::int64_t max_pixels) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const Encoded encoded{bytes, name, max_pixels};
  if (text.starts_with("\xff\xd8\xff")) return decode_jpeg(encoded);
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return decode_png(encoded);
  if (text.size() >= 12 && text.starts_with("RIFF") && text.substr(8, 4) == "WEBP") return decode_webp(encoded);
  if (text.starts_with("BM")) return decode_bmp(encoded);
  encoded.fail("not a JPEG, PNG, WebP or BMP image. Convert it, or leave it out");
}

Image read_image(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  return decode_image(file->bytes(), path.string());
}

}  // namespace graft::io
