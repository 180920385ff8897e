#include "graft/video/frame_colour.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cstring>

#include "graft/core/error.h"

namespace graft::video {
namespace {

constexpr std::size_t kLine = 64;  // bytes that swscale's vector code may want as an alignment

// The converters of x86 write whole groups of 16 pixels: rows have room for them, and the last row for one more.
std::size_t row_bytes(int width) {
  const std::size_t pixels = (static_cast<std::size_t>(width) + 15) / 16 * 16;
  return (3 * pixels + kLine - 1) / kLine * kLine;
}

struct Rows {
  const std::uint8_t* data;
  std::size_t stride;
  int width, height;
};

io::Image copied(const Rows& rows) {
  io::Image image{.width = rows.width, .height = rows.height, .rgb = {}};
  const std::size_t bytes = std::size_t{3} * rows.width;
  image.rgb.resize(bytes * rows.height);
  for (int y = 0; y < rows.height; ++y)
    std::memcpy(image.rgb.data() + y * bytes, rows.data + y * rows.stride, bytes);
  return image;
}

io::Image turned(const Rows& rows, int rotation) {
  if (rotation == 0) return copied(rows);
  io::Image image;
  image.width = rotation == 180 ? rows.width : rows.height;
  image.height = rotation == 180 ? rows.height : rows.width;
  image.rgb.resize(std::size_t{3} * image.width * image.height);
  std::uint8_t* out = image.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int from_x = rotation == 90 ? y : rotation == 180 ? rows.width - 1 - x : rows.width - 1 - y;
      const int from_y = rotation == 90 ? rows.height - 1 - x : rotation == 180 ? rows.height - 1 - y : x;
      std::memcpy(out, rows.data + from_y * rows.stride + std::size_t{3} * from_x, 3);
      out += 3;
    }
  }
  return image;
}

}  // namespace

std::vector<std::pair<Colour, std::string>> choices(Colour) {
  return {{Colour::stream, "stream"}, {Colour::bt601, "bt601"}};
}

void FrameColour::prepare(const Kind& kind, const std::filesystem::path& path) {
  if (scaler_ != nullptr && kind == kind_) return;
  const auto format = static_cast<AVPixelFormat>(kind.format);
  const AVPixFmtDescriptor* known = av_pix_fmt_desc_get(format);
  if (known == nullptr || sws_isSupportedInput(format) == 0) {
    throw DataError("video", "{}: its frames are {}, of which there is no RGB. Re-encode it.", path.string(),
                    known == nullptr ? "of an unknown kind" : known->name);
  }
  // Bilinear and nothing else: more accurate flags take other paths, and give other bits than everybody has.
  scaler_.reset(sws_getContext(kind.width, kind.height, format, kind.width, kind.height, AV_PIX_FMT_RGB24, SWS_BILINEAR,
                               nullptr, nullptr, nullptr));
  if (scaler_ == nullptr) {
    throw DataError("video", "{}: frames of {} x {} ({}) cannot be made RGB.", path.string(), kind.width, kind.height,
                    known->name);
  }
  if (colour_ == Colour::stream && (known->flags & AV_PIX_FMT_FLAG_RGB) == 0) {
    int *matrix = nullptr, *to_matrix = nullptr;
    int range = 0, to_range = 0, brightness = 0, contrast = 0, saturation = 0;
    sws_getColorspaceDetails(scaler_.get(), &matrix, &range, &to_matrix, &to_range, &brightness, &contrast,
                             &saturation);
    if (kind.range == AVCOL_RANGE_JPEG) range = 1;  // the formats called yuvj are full whatever their tag says
    sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(kind.matrix), range, to_matrix, to_range, brightness,
                             contrast, saturation);
  }
  rows_.resize(row_bytes(kind.width) * static_cast<std::size_t>(kind.height) + 2 * kLine);
  kind_ = kind;
}

io::Image FrameColour::rgb(const AVFrame& frame, int rotation, const std::filesystem::path& path) {
  prepare({frame.width, frame.height, frame.format, frame.colorspace, frame.color_range}, path);
  const auto address = reinterpret_cast<std::uintptr_t>(rows_.data());
  std::uint8_t* const data = rows_.data() + (kLine - address % kLine) % kLine;
  const std::size_t stride = row_bytes(frame.width);
  std::uint8_t* planes[4] = {data};
  const int strides[4] = {static_cast<int>(stride)};
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides) != frame.height) {
    throw DataError("video", "{}: a frame of {} x {} cannot be made RGB.", path.string(), frame.width, frame.height);
  }
  return turned({data, stride, frame.width, frame.height}, rotation);
}

}  // namespace graft::video
