// Any bytes as an image: pixels, all of them, or a DataError.
#include <cstdint>
#include <cstdlib>

#include "graft/core/error.h"
#include "graft/io/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kPixels = 1 << 16;  // larger ones only take longer
  try {
    const auto image = graft::io::decode_image(std::as_bytes(std::span(data, size)), "fuzz", kPixels);
    if (image.width <= 0 || image.height <= 0) std::abort();
    if (image.rgb.size() != std::size_t{3} * image.width * image.height) std::abort();
  } catch (const graft::DataError&) {
  }
  return 0;
}
