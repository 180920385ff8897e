#include "graft/io/image.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/io/expect_error.h"
#include "tests/io/golden_hash.h"
#include "tests/io/temporary_folder.h"
#include "tests/support/source_dir.h"

namespace graft::io {
namespace {

const std::filesystem::path kImages = source_dir() / "tests/golden/images/decode";

Image decode(std::string_view bytes, std::int64_t max_pixels = kMaxPixels) {
  return decode_image(std::as_bytes(std::span(bytes)), "f", max_pixels);
}

TEST(Image, HasThePixelsThatPillowGives) {
  std::ifstream stream(source_dir() / "tests/golden/decode.json");
  const auto expected = nlohmann::json::parse(stream);
  ASSERT_GE(expected.size(), 60u);
  for (const auto& [name, row] : expected.items()) {
    const auto image = read_image(kImages / name);
    EXPECT_EQ(image.width, row[0].get<int>()) << name;
    EXPECT_EQ(image.height, row[1].get<int>()) << name;
    EXPECT_EQ(golden_hash(std::as_bytes(std::span(image.rgb))), row[2].get<std::string>()) << name;
  }
}

// Cut anywhere, a file is refused, or (only where its very end is missing) decodes to the same pixels.
TEST(Image, RefusesEveryTruncation) {
  constexpr std::size_t kForgiven = 2;  // the end marker of JPEG
  for (const auto* name : {"png_rgb8.png", "png_palette4_interlaced.png", "jpeg_rgb_420.jpg",
                           "jpeg_cmyk_progressive.jpg", "webp_lossy.webp", "webp_lossless_alpha.webp", "bmp_rgb.bmp"}) {
    const std::string bytes = read_file(kImages / name);
    const bool is_jpeg = bytes[0] == '\xff', is_png = bytes[1] == 'P';
    const std::size_t tail = is_jpeg ? kForgiven : is_png ? 12 : name == std::string_view("bmp_rgb.bmp") ? 3 : 0;
    const auto whole = decode(bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto cut = std::string_view(bytes).substr(0, length);
      if (length + tail < bytes.size()) {
        EXPECT_THROW(decode(cut), DataError) << name << " " << length;
      } else {
        try {
          EXPECT_EQ(decode(cut).rgb, whole.rgb) << name << " " << length;
        } catch (const DataError&) {
        }
      }
    }
  }
}

TEST(Image, RefusesWhatItCannotDecodeByName) {
  EXPECT_ERROR(decode(""), DataError, "[image] f: not a JPEG, PNG, WebP or BMP image");
  EXPECT_ERROR(decode("GIF89a"), DataError, "not a JPEG, PNG, WebP or BMP image");
  EXPECT_ERROR(decode("\xff\xd8\xff\xd9"), DataError, "a damaged JPEG");
  EXPECT_ERROR(read_image(kImages / "none.jpg"), FileError, "cannot be read");
}

TEST(Image, RefusesADamagedChecksum) {
  std::string bytes = read_file(kImages / "png_rgb8.png");
  bytes[bytes.find("IDAT") + 8] ^= 1;
  EXPECT_ERROR(decode(bytes), DataError, "a damaged or truncated PNG");
}

TEST(Image, RefusesADecompressionBomb) {
  for (const auto* name : {"png_rgb8.png", "jpeg_l.jpg", "webp_lossy.webp", "bmp_rgb.bmp"}) {
    const std::string bytes = read_file(kImages / name);
    const auto image = decode(bytes);
    const std::int64_t pixels = std::int64_t{image.width} * image.height;
    EXPECT_NO_THROW(decode(bytes, pixels)) << name;
    EXPECT_ERROR(decode(bytes, pixels - 1), DataError, "it may be a decompression bomb") << name;
  }
}

}  // namespace
}  // namespace graft::io
