// PNG by libpng. Palettes and 16-bit grey are turned to RGB here, as Pillow has its own ways with both.
#include <png.h>
#include <csetjmp>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "graft/io/image_formats.h"

namespace graft::io {
namespace {

class Png {
 public:
  explicit Png(const Encoded& encoded) : encoded_(encoded), rest_(encoded.bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, jump_out, keep_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) throw std::bad_alloc();
  }
  ~Png() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  Image decode() {
    run([](Png& png) { png.read_header(); });
    image_ = encoded_.blank(width_, height_);
    if (!in_place()) raw_.resize(row_bytes_ * height_);
    std::uint8_t* first = in_place() ? image_.rgb.data() : raw_.data();
    rows_.resize(height_);
    for (std::size_t y = 0; y < height_; ++y)
      rows_[y] = first + y * row_bytes_;
    in_pixels_ = true;
    run([](Png& png) { png_read_image(png.png_, png.rows_.data()); });
    encoded_.findings.damage = warning_;
    if (is_palette()) paint_palette();
    if (is_grey16()) paint_grey16();
    return std::move(image_);
  }

 private:
  bool is_palette() const { return colour_ == PNG_COLOR_TYPE_PALETTE; }
  bool is_grey16() const { return colour_ == PNG_COLOR_TYPE_GRAY && depth_ == 16; }
  bool in_place() const { return !is_palette() && !is_grey16(); }

  static void jump_out(png_structp png, png_const_charp message) {
    auto& self = *static_cast<Png*>(png_get_error_ptr(png));
    std::strncpy(self.message_, message, sizeof self.message_ - 1);
    std::longjmp(self.on_error_, 1);
  }

  // Of the pixels only: what else a PNG may carry changes nothing here.
  static void keep_warning(png_structp png, png_const_charp message) {
    auto& self = *static_cast<Png*>(png_get_error_ptr(png));
    if (self.in_pixels_ && self.warning_[0] == 0) std::strncpy(self.warning_, message, sizeof self.warning_ - 1);
  }

  static void read(png_structp png, png_bytep out, std::size_t count) {
    auto& self = *static_cast<Png*>(png_get_io_ptr(png));
    if (count > self.rest_.size()) png_error(png, "the file ends before the picture");
    std::memcpy(out, self.rest_.data(), count);
    self.rest_ = self.rest_.subspan(count);
  }

  // libpng leaves by longjmp, which must not pass a destructor: inside a step only members are touched.
  void run(void (*step)(Png&)) {
    if (setjmp(on_error_) == 0) {
      step(*this);
      return;
    }
    encoded_.fail("a damaged or truncated PNG: {}", message_);
  }

  void read_header() {
    png_set_read_fn(png_, this, read);
    png_set_crc_action(png_, PNG_CRC_DEFAULT, PNG_CRC_ERROR_QUIT);  // a bad checksum anywhere is an error
    // Text, profiles and times do not change pixels here: they are skipped unread, as is transparency.
    static constexpr png_byte kSkipped[] =
        "tRNS\0gAMA\0cHRM\0sRGB\0iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0tIME\0pHYs\0sPLT\0hIST\0bKGD";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kSkipped, sizeof kSkipped / 5);
    png_read_info(png_, info_);
    png_uint_32 width = 0, height = 0;
    png_get_IHDR(png_, info_, &width, &height, &depth_, &colour_, nullptr, nullptr, nullptr);
    width_ = width;
    height_ = height;
    if (is_palette()) {
      png_set_packing(png_);
      png_get_PLTE(png_, info_, &palette_, &palette_size_);
    } else if (!is_grey16()) {
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      png_set_gray_to_rgb(png_);
    }
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    row_bytes_ = png_get_rowbytes(png_, info_);
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
  std::span<const std::byte> rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf on_error_;
  char message_[128] = {}, warning_[128] = {};
  bool in_pixels_ = false;

  std::size_t width_ = 0, height_ = 0, row_bytes_ = 0;
  int depth_ = 0, colour_ = 0;
  png_colorp palette_ = nullptr;
  int palette_size_ = 0;
  Image image_;
  std::vector<std::uint8_t> raw_;
  std::vector<png_bytep> rows_;
};

}  // namespace

Image decode_png(const Encoded& encoded) {
  return Png(encoded).decode();
}

}  // namespace graft::io
