// libpng over bytes in memory, whatever the pixels become: where it reads, how it fails, what it warns of. Text,
// profiles, times and transparency are skipped unread; a bad checksum anywhere is an error.
#pragma once

#include <png.h>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace graft::io {

class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> bytes);
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

 protected:
  ~PngReader();

  // libpng leaves by longjmp, which must not pass a destructor: inside a step only members are touched. What it said
  // where the step failed.
  template <class Reader>
  std::optional<std::string_view> failure_of(Reader& reader, void (*step)(Reader&)) {
    if (setjmp(on_error_) == 0) {
      step(reader);
      return std::nullopt;
    }
    return message_;
  }

  // The steps, in this order; between the first two a reader says how it wants its pixels.
  void read_header();
  void settle_rows();
  // `rows`: of height_ rows of row_bytes_, made before the step.
  void read_pixels(std::vector<png_bytep>& rows);

  static std::vector<png_bytep> rows_of(std::uint8_t* first, std::size_t row_bytes, std::size_t height);

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::size_t width_ = 0, height_ = 0, row_bytes_ = 0;
  int depth_ = 0, colour_ = 0;
  png_colorp palette_ = nullptr;  // libpng's own; with palette_size_ colours
  int palette_size_ = 0;
  char warning_[128] = {};  // the first one about the pixels; empty: none

 private:
  static void jump_out(png_structp png, png_const_charp message);
  static void keep_warning(png_structp png, png_const_charp message);
  static void read(png_structp png, png_bytep out, std::size_t count);

  std::span<const std::byte> rest_;
  std::jmp_buf on_error_;
  char message_[128] = {};
  bool in_pixels_ = false;
};

}  // namespace graft::io
