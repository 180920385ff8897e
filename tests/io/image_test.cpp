#include "graft/io/image.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/io/image_findings.h"
#include "graft/io/orientation.h"
#include "tests/io/expect_error.h"
#include "tests/io/golden_hash.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

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
    const std::string bytes = content_of(kImages / name);
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
  std::string bytes = content_of(kImages / "png_rgb8.png");
  bytes[bytes.find("IDAT") + 8] ^= 1;
  EXPECT_ERROR(decode(bytes), DataError, "a damaged or truncated PNG");
}

TEST(Image, RefusesADecompressionBomb) {
  for (const auto* name : {"png_rgb8.png", "jpeg_l.jpg", "webp_lossy.webp", "bmp_rgb.bmp"}) {
    const std::string bytes = content_of(kImages / name);
    const auto image = decode(bytes);
    const std::int64_t pixels = std::int64_t{image.width} * image.height;
    EXPECT_NO_THROW(decode(bytes, pixels)) << name;
    EXPECT_ERROR(decode(bytes, pixels - 1), DataError, "it may be a decompression bomb") << name;
  }
}

TEST(Image, FindsAndTurnsOrientationTagsAsPillowDoes) {
  std::ifstream stream(source_dir() / "tests/golden/found_photos.json");
  const auto expected = nlohmann::json::parse(stream);
  ASSERT_GE(expected.size(), 24u);
  for (const auto& [name, row] : expected.items()) {
    const std::string bytes = content_of(source_dir() / "tests/golden/images/found" / name);
    if (row.contains("refused")) {
      EXPECT_THROW(decode(bytes), DataError) << name;
      continue;
    }
    ImageFindings found;
    const auto image = decode_image(std::as_bytes(std::span(bytes)), name, kMaxPixels, found);
    EXPECT_EQ(golden_hash(std::as_bytes(std::span(image.rgb))), row["kept"].get<std::string>()) << name;
    EXPECT_EQ(found.orientation, row["orientation"].get<int>()) << name;
    EXPECT_EQ(!found.damage.empty(), row["damaged"].get<bool>()) << name << found.damage;
    const auto upright = turned(image, found.orientation);
    EXPECT_EQ(upright.width, row["turned"][0].get<int>()) << name;
    EXPECT_EQ(upright.height, row["turned"][1].get<int>()) << name;
    EXPECT_EQ(golden_hash(std::as_bytes(std::span(upright.rgb))), row["turned"][2].get<std::string>()) << name;
  }
}

TEST(Image, TagsThatAreCutOrAbsurdAreNone) {
  const std::string bytes = content_of(source_dir() / "tests/golden/images/found/exif_6.jpg");
  for (std::size_t length = 0; length < 60; ++length) {
    const int found = orientation_of(std::as_bytes(std::span(bytes).first(length)));
    EXPECT_TRUE(found == 1 || found == 6) << length;
  }
}

TEST(Image, SaysWhatItHadToPassOver) {
  ImageFindings found;
  const auto decode_found = [&](const char* folder, const char* name) {
    const std::string bytes = content_of(source_dir() / "tests/golden/images" / folder / name);
    decode_image(std::as_bytes(std::span(bytes)), name, kMaxPixels, found);
  };
  decode_found("found", "damaged_cut_with_end.jpg");
  EXPECT_EQ(found.damage, "Corrupt JPEG data: premature end of data segment");
  decode_found("decode", "png_grey16_interlaced_trns.png");
  EXPECT_TRUE(found.whitened);
  decode_found("decode", "png_grey8.png");
  EXPECT_FALSE(found.whitened);
  EXPECT_EQ(found.damage, "");
}

TEST(Image, CallsWhatItDoesNotReadByItsName) {
  EXPECT_ERROR(decode("GIF89a"), DataError, "not a JPEG, PNG, WebP or BMP image but a GIF.");
  EXPECT_ERROR(decode(std::string_view("\0\0\0\x1c"
                                       "ftypheic",
                                       12)),
               DataError, "but a HEIC");
  EXPECT_ERROR(decode(std::string_view("II*\0....", 8)), DataError, "but a TIFF");
  EXPECT_ERROR(decode("<!DOCTYPE html>"), DataError, "but a web page");
}

}  // namespace
}  // namespace graft::io
