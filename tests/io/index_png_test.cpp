#include "graft/io/index_png.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/io/expect_error.h"
#include "tests/io/golden_hash.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

const std::filesystem::path kPhotos = source_dir() / "tests/golden/images/decode";

IndexImage read_back(std::string_view bytes, const ColourTable* colours = nullptr) {
  return decode_index_png(std::as_bytes(std::span(bytes)), "m.png", colours);
}

IndexImage stripes(int width, int height, int classes) {
  IndexImage image{width, height, {}, {}};
  for (int i = 0; i < width * height; ++i)
    image.classes.push_back(static_cast<std::uint8_t>(i % 7 == 6 ? kIgnoredClass : i % classes));
  return image;
}

TEST(IndexPng, HasTheNumbersThatPillowGivesAndRefusesThoseBeyondThePalette) {
  std::ifstream stream(source_dir() / "tests/golden/masks.json");
  const auto expected = nlohmann::json::parse(stream);
  ASSERT_GE(expected.size(), 20u);
  for (const auto& [name, row] : expected.items()) {
    if (row.empty()) {
      EXPECT_ERROR(read_index_png(kPhotos / name), DataError, "the palette has") << name;
      continue;
    }
    const auto mask = read_index_png(kPhotos / name);
    EXPECT_EQ(mask.width, row[0].get<int>()) << name;
    EXPECT_EQ(mask.height, row[1].get<int>()) << name;
    EXPECT_EQ(golden_hash(std::as_bytes(std::span(mask.classes))), row[2].get<std::string>()) << name;
  }
}

TEST(IndexPng, ComesBackAsItWasWritten) {
  const TempFolder folder;
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 3}, {64, 33}}) {
    const auto image = stripes(width, height, 5);
    write_index_png(folder / "m.png", image);
    const auto back = read_index_png(folder / "m.png");
    EXPECT_EQ(back.width, width);
    EXPECT_EQ(back.height, height);
    EXPECT_EQ(back.classes, image.classes);
    EXPECT_EQ(back.palette, pascal_colours());
    EXPECT_EQ(encode_index_png(back), encode_index_png(image));
    EXPECT_EQ(io::read_image(folder / "m.png").width, width);
  }
  auto own = stripes(4, 4, 2);
  own.palette = {{1, 2, 3}, {4, 5, 6}};
  const auto back = read_back(encode_index_png(own));
  EXPECT_EQ(back.palette[1], (Colour{4, 5, 6}));
  EXPECT_EQ(back.palette[2], pascal_colours()[2]);
}

// The colours of Pascal VOC's first classes as its development kit prints them.
TEST(IndexPng, PascalsColoursAreItsFormulas) {
  const auto& colours = pascal_colours();
  ASSERT_EQ(colours.size(), 256u);
  EXPECT_EQ(colours[0], (Colour{0, 0, 0}));
  EXPECT_EQ(colours[1], (Colour{128, 0, 0}));
  EXPECT_EQ(colours[2], (Colour{0, 128, 0}));
  EXPECT_EQ(colours[7], (Colour{128, 128, 128}));
  EXPECT_EQ(colours[15], (Colour{192, 128, 128}));
  EXPECT_EQ(colours[20], (Colour{0, 64, 128}));
  EXPECT_EQ(colours[255], (Colour{224, 224, 192}));
  EXPECT_EQ(std::set<Colour>(colours.begin(), colours.end()).size(), 256u);
}

TEST(IndexPng, ColoursAreClassesOnlyByATable) {
  const auto camvid = camvid_table();
  ASSERT_EQ(camvid.colours.size(), 31u);
  EXPECT_EQ(std::set<Colour>(camvid.colours.begin(), camvid.colours.end()).size(), 31u);
  // A palette whose numbers a program chose: the colours say what is meant.
  IndexImage painted{3, 1, {0, 1, 2}, {camvid.colours[17], {0, 0, 0}, camvid.colours[21]}};
  const auto bytes = encode_index_png(painted);
  EXPECT_EQ(read_back(bytes).classes, (std::vector<std::uint8_t>{0, 1, 2}));
  EXPECT_EQ(read_back(bytes, &camvid).classes, (std::vector<std::uint8_t>{17, kIgnoredClass, 21}));
  EXPECT_ERROR(read_index_png(kPhotos / "png_rgb8.png"), DataError, "colours where class numbers were expected");
  EXPECT_ERROR(read_index_png(kPhotos / "png_rgb8.png", &camvid), DataError, "which is none of CamVid's 31");
}

TEST(IndexPng, RefusesWhatIsNoMaskByName) {
  EXPECT_ERROR(read_index_png(kPhotos / "png_grey16.png"), DataError, "16 bits a pixel");
  EXPECT_ERROR(read_index_png(kPhotos / "png_greyalpha8.png"), DataError, "transparency in a mask");
  EXPECT_ERROR(read_index_png(kPhotos / "png_rgba8.png"), DataError, "transparency in a mask");
  EXPECT_ERROR(read_index_png(kPhotos / "jpeg_l.jpg"), DataError, "not a PNG");
  EXPECT_ERROR(read_index_png(kPhotos / "none.png"), FileError, "cannot be read");
  const auto bytes = encode_index_png(stripes(100, 100, 3));
  EXPECT_ERROR(decode_index_png(std::as_bytes(std::span(bytes)), "m", nullptr, 9'999), DataError, "decompression bomb");
}

TEST(IndexPng, RefusesEveryTruncation) {
  const auto bytes = encode_index_png(stripes(9, 8, 4));
  for (std::size_t length = 0; length + 12 < bytes.size(); ++length)
    EXPECT_THROW(read_back(std::string_view(bytes).substr(0, length)), DataError) << length;
}

}  // namespace
}  // namespace graft::io
