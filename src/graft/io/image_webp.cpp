// WebP by libwebp's animation decoder, as in Pillow: a still picture is its first frame. Alpha is dropped, not blended.
#include <webp/decode.h>
#include <webp/demux.h>
#include <memory>

#include "graft/io/image_formats.h"

namespace graft::io {
namespace {

struct Delete {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

}  // namespace

Image decode_webp(const Encoded& encoded) {
  // The canvas is allocated by the decoder: its size is looked at first.
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(encoded.data(), encoded.bytes.size(), &features) != VP8_STATUS_OK) {
    encoded.fail("a damaged or truncated WebP");
  }
  Image image = encoded.blank(features.width, features.height);

  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) throw InternalError("image", "libwebp is not the one it was built with");
  options.color_mode = MODE_RGBA;
  const WebPData data{encoded.data(), encoded.bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, Delete> decoder(WebPAnimDecoderNew(&data, &options));
  std::uint8_t* rgba = nullptr;
  int time = 0;
  WebPAnimInfo info{};
  if (decoder == nullptr || !WebPAnimDecoderGetInfo(decoder.get(), &info) ||
      static_cast<int>(info.canvas_width) != image.width || static_cast<int>(info.canvas_height) != image.height ||
      !WebPAnimDecoderGetNext(decoder.get(), &rgba, &time)) {
    encoded.fail("a damaged or truncated WebP");
  }
  for (std::size_t i = 0; i < image.rgb.size() / 3; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel)
      image.rgb[3 * i + channel] = rgba[4 * i + channel];
  }
  return image;
}

}  // namespace graft::io
