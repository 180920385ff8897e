// JPEG by libjpeg-turbo, driven as Pillow's JpegDecode.c drives it: accurate integer DCT, fancy upsampling, and a
// source that runs dry instead of inventing an end, so that a truncated file is noticed at the row where Pillow notices
// it. What libjpeg warns of, Pillow passes over; here the first warning is kept.
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <utility>
#include <vector>

#include <jpeglib.h>  // after <cstdio>, which it needs and does not include

#include <jerror.h>

#include "graft/io/image_formats.h"

namespace graft::io {
namespace {

struct Decoder {
  jpeg_decompress_struct state;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  std::jmp_buf on_error;
  char message[JMSG_LENGTH_MAX];
  char warning[JMSG_LENGTH_MAX];  // the first; empty: none
};

Decoder& decoder_of(j_common_ptr state) {
  return *static_cast<Decoder*>(state->client_data);
}
Decoder& decoder_of(j_decompress_ptr state) {
  return *static_cast<Decoder*>(state->client_data);
}

[[noreturn]] void jump_out(j_common_ptr state) {
  Decoder& decoder = decoder_of(state);
  state->err->format_message(state, decoder.message);
  std::longjmp(decoder.on_error, 1);
}

// Level -1 is a warning, what is above is for tracing. Three warnings are of headers that are odd, with nothing lost.
void keep_warning(j_common_ptr state, int level) {
  if (level >= 0) return;
  ++state->err->num_warnings;
  const int code = state->err->msg_code;
  if (code == JWRN_NOT_SEQUENTIAL || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  Decoder& decoder = decoder_of(state);
  if (decoder.warning[0] == 0) state->err->format_message(state, decoder.warning);
}

void skip(j_decompress_ptr state, long count) {
  auto& source = decoder_of(state).source;
  const auto skipped = std::min(static_cast<std::size_t>(std::max(count, 0L)), source.bytes_in_buffer);
  source.next_input_byte += skipped;
  source.bytes_in_buffer -= skipped;
}

class Jpeg {
 public:
  explicit Jpeg(const Encoded& encoded) : encoded_(encoded) {
    decoder_.state.err = jpeg_std_error(&decoder_.errors);
    decoder_.errors.error_exit = jump_out;
    decoder_.errors.output_message = [](j_common_ptr) {};
    decoder_.errors.emit_message = keep_warning;
    decoder_.source = {.next_input_byte = encoded.data(),
                       .bytes_in_buffer = encoded.bytes.size(),
                       .init_source = [](j_decompress_ptr) {},
                       .fill_input_buffer = [](j_decompress_ptr) -> boolean { return FALSE; },
                       .skip_input_data = skip,
                       .resync_to_restart = jpeg_resync_to_restart,
                       .term_source = [](j_decompress_ptr) {}};
    decoder_.state.client_data = &decoder_;
  }
  ~Jpeg() { jpeg_destroy_decompress(&decoder_.state); }
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;

  Image decode() {
    run([](Jpeg& jpeg) { jpeg.read_header(); });
    image_ = encoded_.blank(decoder_.state.image_width, decoder_.state.image_height);
    row_.resize(static_cast<std::size_t>(image_.width) * decoder_.state.num_components);
    run([](Jpeg& jpeg) { jpeg.read_rows(); });
    encoded_.findings.damage = decoder_.warning;
    return std::move(image_);
  }

 private:
  // libjpeg leaves by longjmp, which must not pass a destructor: inside a step only members are touched.
  void run(void (*step)(Jpeg&)) {
    outcome_ = Outcome::failed;
    if (setjmp(decoder_.on_error) == 0) step(*this);
    if (outcome_ == Outcome::failed) encoded_.fail("a damaged JPEG: {}", decoder_.message);
    if (outcome_ == Outcome::unsupported) encoded_.fail("a JPEG of {} channels", decoder_.state.num_components);
    if (outcome_ == Outcome::truncated) encoded_.fail("a truncated JPEG: the file ends before the picture");
  }

  void read_header() {
    auto& state = decoder_.state;
    jpeg_create_decompress(&state);
    state.src = &decoder_.source;
    if (jpeg_read_header(&state, TRUE) != JPEG_HEADER_OK) {
      outcome_ = Outcome::truncated;
      return;
    }
    switch (state.num_components) {
      case 1:
        state.out_color_space = JCS_GRAYSCALE;
        break;
      case 3:
        state.out_color_space = JCS_RGB;
        break;
      case 4:
        state.out_color_space = JCS_CMYK;
        break;
      default:
        outcome_ = Outcome::unsupported;
        return;
    }
    outcome_ = Outcome::done;
  }

  void read_rows() {
    auto& state = decoder_.state;
    outcome_ = Outcome::truncated;
    if (!jpeg_start_decompress(&state)) return;
    JSAMPROW row = row_.data();
    std::uint8_t* out = image_.rgb.data();
    while (state.output_scanline < state.output_height) {
      if (jpeg_read_scanlines(&state, &row, 1) != 1) return;
      out = put_row(out);
    }
    jpeg_finish_decompress(&state);  // a missing end marker after the last row is forgiven, as in Pillow
    outcome_ = Outcome::done;
  }

  std::uint8_t* put_row(std::uint8_t* out) const {
    const std::uint8_t* in = row_.data();
    for (int x = 0; x < image_.width; ++x, out += 3) {
      switch (decoder_.state.num_components) {
        case 1:
          out[0] = out[1] = out[2] = *in++;
          break;
        case 3:
          for (int channel = 0; channel < 3; ++channel)
            out[channel] = *in++;
          break;
        default:  // CMYK as Adobe writes it: inverted
          for (int channel = 0; channel < 3; ++channel)
            out[channel] = ink(255 - in[channel], in[3]);
          in += 4;
      }
    }
    return out;
  }

  // Pillow's naive CMYK: white minus ink, times the light that black lets through; x * y / 255 rounded to nearest.
  static std::uint8_t ink(int colour, int light) {
    const int product = colour * light + 128;
    return static_cast<std::uint8_t>(light - (((product >> 8) + product) >> 8));
  }

  enum class Outcome { failed, unsupported, truncated, done };

  const Encoded& encoded_;
  Decoder decoder_{};
  Outcome outcome_ = Outcome::failed;
  Image image_;
  std::vector<std::uint8_t> row_;
};

}  // namespace

Image decode_jpeg(const Encoded& encoded) {
  return Jpeg(encoded).decode();
}

}  // namespace graft::io
