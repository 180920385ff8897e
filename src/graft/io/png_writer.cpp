#include "graft/io/png_writer.h"

#include <csetjmp>
#include <cstring>
#include <new>
#include <utility>

#include "graft/core/error.h"
#include "graft/io/image_png.h"

namespace graft::io {
namespace {

// libpng leaves by longjmp: between setjmp and there only members are touched.
class Writer {
 public:
  explicit Writer(const PngPixels& image) : image_(image) {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, this, jump_out, nullptr);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::string encode() {
    if (info_ == nullptr) throw std::bad_alloc();
    if (setjmp(on_error_) != 0) throw InternalError("image", "libpng could not encode a picture: {}.", message_);
    const bool palette = !image_.palette.empty();
    png_set_write_fn(png_, this, append, [](png_structp) {});
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(image_.width), static_cast<png_uint_32>(image_.height), 8,
                 palette ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (palette) png_set_PLTE(png_, info_, image_.palette.data(), static_cast<int>(image_.palette.size()));
    png_write_info(png_, info_);
    row_ = image_.pixels;
    for (y_ = 0; y_ < image_.height; ++y_, row_ += (palette ? 1 : 3) * static_cast<std::size_t>(image_.width))
      png_write_row(png_, row_);
    png_write_end(png_, info_);
    return std::move(bytes_);
  }

 private:
  static void jump_out(png_structp png, png_const_charp message) {
    auto& self = *static_cast<Writer*>(png_get_error_ptr(png));
    std::strncpy(self.message_, message, sizeof self.message_ - 1);
    std::longjmp(self.on_error_, 1);
  }
  static void append(png_structp png, png_bytep bytes, std::size_t count) {
    static_cast<Writer*>(png_get_io_ptr(png))->bytes_.append(reinterpret_cast<const char*>(bytes), count);
  }

  const PngPixels& image_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  const std::uint8_t* row_ = nullptr;
  int y_ = 0;
  std::string bytes_;
  std::jmp_buf on_error_;
  char message_[128] = {};
};

}  // namespace

std::string write_png(const PngPixels& image) {
  return Writer(image).encode();
}

std::string encode_png(const Image& image) {
  GRAFT_ASSERT(image.width > 0 && image.height > 0);
  return write_png({image.width, image.height, image.rgb.data()});
}

}  // namespace graft::io
