#include "graft/io/png_reader.h"

#include <cstring>
#include <new>

namespace graft::io {

PngReader::PngReader(std::span<const std::byte> bytes) : rest_(bytes) {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, jump_out, keep_warning);
  if (png_ != nullptr) info_ = png_create_info_struct(png_);
  if (info_ == nullptr) {
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw std::bad_alloc();
  }
}

PngReader::~PngReader() {
  png_destroy_read_struct(&png_, &info_, nullptr);
}

void PngReader::read_header() {
  png_set_read_fn(png_, this, read);
  png_set_crc_action(png_, PNG_CRC_DEFAULT, PNG_CRC_ERROR_QUIT);
  static constexpr png_byte kSkipped[] =
      "tRNS\0gAMA\0cHRM\0sRGB\0iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0tIME\0pHYs\0sPLT\0hIST\0bKGD";
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kSkipped, sizeof kSkipped / 5);
  png_read_info(png_, info_);
  png_uint_32 width = 0, height = 0;
  png_get_IHDR(png_, info_, &width, &height, &depth_, &colour_, nullptr, nullptr, nullptr);
  width_ = width;
  height_ = height;
  if (colour_ == PNG_COLOR_TYPE_PALETTE) png_get_PLTE(png_, info_, &palette_, &palette_size_);
}

void PngReader::settle_rows() {
  png_set_interlace_handling(png_);
  png_read_update_info(png_, info_);
  row_bytes_ = png_get_rowbytes(png_, info_);
}

void PngReader::read_pixels(std::vector<png_bytep>& rows) {
  in_pixels_ = true;
  png_read_image(png_, rows.data());
}

std::vector<png_bytep> PngReader::rows_of(std::uint8_t* first, std::size_t row_bytes, std::size_t height) {
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < height; ++y)
    rows[y] = first + y * row_bytes;
  return rows;
}

void PngReader::jump_out(png_structp png, png_const_charp message) {
  auto& self = *static_cast<PngReader*>(png_get_error_ptr(png));
  std::strncpy(self.message_, message, sizeof self.message_ - 1);
  std::longjmp(self.on_error_, 1);
}

// Of the pixels only: what else a PNG may carry changes nothing here.
void PngReader::keep_warning(png_structp png, png_const_charp message) {
  auto& self = *static_cast<PngReader*>(png_get_error_ptr(png));
  if (self.in_pixels_ && self.warning_[0] == 0) std::strncpy(self.warning_, message, sizeof self.warning_ - 1);
}

void PngReader::read(png_structp png, png_bytep out, std::size_t count) {
  auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > self.rest_.size()) png_error(png, "the file ends before the picture");
  std::memcpy(out, self.rest_.data(), count);
  self.rest_ = self.rest_.subspan(count);
}

}  // namespace graft::io
