// Any bytes as a clip: frames of the numbers that were asked for, or an error of ours, within the deadline.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/video/clip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("clip", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  constexpr std::int64_t kPixels = 1 << 16;  // larger ones only take longer
  constexpr std::int64_t kLooked = 40;
  try {
    const auto clip = graft::video::open_clip(path, {.seconds = 5, .max_pixels = kPixels});
    const auto n = clip->frames();
    if (n <= 0) std::abort();
    const std::vector<std::int64_t> wanted = {n - 1, 0, n / 2, std::min(n - 1, kLooked), 0};
    const auto images = clip->read(wanted);
    if (images.size() != wanted.size()) std::abort();
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto& image = images[i];
      if (image.width <= 0 || image.height <= 0 || std::int64_t{image.width} * image.height > kPixels) std::abort();
      if (image.rgb.size() != std::size_t{3} * image.width * image.height) std::abort();
      if (clip->time(wanted[i]) < 0) std::abort();
    }
    if (images[1].rgb != images[4].rgb) std::abort();
  } catch (const graft::DataError&) {
  } catch (const graft::FileError&) {  // an empty file
  }
  return 0;
}
