// Pictures of class numbers as PNG: one number a pixel, 0 to 255, with the colours to show them in. The usual form of
// semantic masks: Pascal VOC (palette, 255 = not counted; Everingham et al. 2010), ADE20K, Cityscapes' ids and CamVid
// in SegNet's form (grey). Read: palettes and grey of 1, 2, 4 and 8 bits, interlaced or not, the stored number being
// the class. Colours are read as classes only where a table of known colours is given; everything else is refused by
// name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/image.h"

namespace graft::io {

using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

constexpr std::uint8_t kIgnoredClass = 255;  // a pixel that no one asks for

struct IndexImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> classes;  // [height, width]
  std::vector<Colour> palette;        // by class; empty: the file was grey (and is written with Pascal's colours)
};

// Colours that stand for classes: colours[k] is class k. What a data set leaves out is kIgnoredClass.
struct ColourTable {
  std::string name;
  std::vector<Colour> colours;
  std::optional<Colour> ignored;
};

// Pascal VOC's 256 colours: bit 7 - j of red, green and blue is bit 3 j, 3 j + 1 and 3 j + 2 of the class number.
const std::vector<Colour>& pascal_colours();
// Pascal's 21 classes, its border colour (224, 224, 192) left out.
ColourTable pascal_table();
// CamVid's 31 classes in the order of its list (Animal ... Wall, without Void; Brostow et al. 2009), Void left out.
ColourTable camvid_table();

// DataError with `name`: no PNG, damaged, of colours without a table, of 16 bits, with transparency of its own, a
// number beyond the palette, a colour that the table lacks (where the pixel lies, and what it is).
IndexImage decode_index_png(std::span<const std::byte> bytes, std::string_view name,
                            const ColourTable* colours = nullptr, std::int64_t max_pixels = kMaxPixels);
IndexImage read_index_png(const std::filesystem::path& path, const ColourTable* colours = nullptr);

// 8 bits with a palette of 256 colours: the image's own, then Pascal's. The same image gives the same bytes. Whole or
// not there (core/atomic_file.h).
void write_index_png(const std::filesystem::path& path, const IndexImage& image);
std::string encode_index_png(const IndexImage& image);

}  // namespace graft::io
