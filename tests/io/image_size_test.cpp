// Sizes from headers, beside what decoding the whole image gives.
#include "graft/io/image_size.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string_view>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/io/image.h"
#include "tests/support/source_dir.h"

namespace graft::io {
namespace {

TEST(ImageSize, IsTheDecodedImagesForEveryGoldenImage) {
  int seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() / "tests/golden/images")) {
    if (!entry.is_regular_file()) continue;
    Image image;
    try {
      image = read_image(entry.path());
    } catch (const Error&) {
      continue;  // not an image, or one that is broken on purpose
    }
    const auto size = read_image_size(entry.path());
    EXPECT_EQ(size.width, image.width) << entry.path();
    EXPECT_EQ(size.height, image.height) << entry.path();
    ++seen;
  }
  EXPECT_GT(seen, 10);
}

TEST(ImageSize, OfWhatIsCutOrNoImageIsRefused) {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  EXPECT_THROW(image_size(bytes("\x89PNG\r\n\x1a\n____IHDR"), "cut.png"), DataError);
  EXPECT_THROW(image_size(bytes("\xff\xd8\xff\xe0"), "cut.jpg"), DataError);
  EXPECT_THROW(image_size(bytes("BM"), "cut.bmp"), DataError);
  EXPECT_THROW(image_size(bytes("RIFF____WEBPVP8X"), "cut.webp"), DataError);
  EXPECT_THROW(image_size(bytes("<html>"), "page.jpg"), DataError);
}

TEST(ImageSize, OfAnImageThatLiesOnItsSideChangesWhenItIsTurned) {
  EXPECT_EQ((ImageSize{4, 3, 6}.upright().width), 3);
  EXPECT_EQ((ImageSize{4, 3, 3}.upright().width), 4);
}

}  // namespace
}  // namespace graft::io
