// PNG by libpng. Palettes and 16-bit grey are turned to RGB here, as Pillow has its own ways with both.
#include <cstring>
#include <utility>
#include <vector>

#include "graft/io/image_formats.h"
#include "graft/io/png_reader.h"

namespace graft::io {
namespace {

class ColourPng : PngReader {
 public:
  explicit ColourPng(const Encoded& encoded) : PngReader(encoded.bytes), encoded_(encoded) {}

  Image decode() {
    run([](ColourPng& png) { png.begin(); });
    image_ = encoded_.blank(width_, height_);
    if (!in_place()) raw_.resize(row_bytes_ * height_);
    rows_ = rows_of(in_place() ? image_.rgb.data() : raw_.data(), row_bytes_, height_);
    run([](ColourPng& png) { png.read_pixels(png.rows_); });
    encoded_.findings.damage = warning_;
    if (is_palette()) paint_palette();
    if (is_grey16()) paint_grey16();
    return std::move(image_);
  }

 private:
  bool is_palette() const { return colour_ == PNG_COLOR_TYPE_PALETTE; }
  bool is_grey16() const { return colour_ == PNG_COLOR_TYPE_GRAY && depth_ == 16; }
  bool in_place() const { return !is_palette() && !is_grey16(); }

  void run(void (*step)(ColourPng&)) {
    if (const auto said = failure_of(*this, step)) encoded_.fail("a damaged or truncated PNG: {}", *said);
  }

  void begin() {
    read_header();
    if (is_palette()) {
      png_set_packing(png_);
    } else if (!is_grey16()) {
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      png_set_gray_to_rgb(png_);
    }
    settle_rows();
  }

  // An index beyond the palette is black, as in Pillow.
  void paint_palette() {
    for (std::size_t i = 0; i < raw_.size(); ++i) {
      const png_color colour = raw_[i] < palette_size_ ? palette_[raw_[i]] : png_color{};
      image_.rgb[3 * i] = colour.red;
      image_.rgb[3 * i + 1] = colour.green;
      image_.rgb[3 * i + 2] = colour.blue;
    }
  }

  void paint_grey16() {
    for (std::size_t i = 0; i < image_.rgb.size() / 3; ++i) {
      const std::uint8_t high = raw_[2 * i], low = raw_[2 * i + 1];
      encoded_.findings.whitened = encoded_.findings.whitened || high != 0;
      std::memset(&image_.rgb[3 * i], high != 0 ? 255 : low, 3);
    }
  }

  const Encoded& encoded_;
  Image image_;
  std::vector<std::uint8_t> raw_;
  std::vector<png_bytep> rows_;
};

}  // namespace

Image decode_png(const Encoded& encoded) {
  return ColourPng(encoded).decode();
}

}  // namespace graft::io
