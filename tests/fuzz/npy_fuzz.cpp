// Any bytes as a .npy file: an array that lies within it, whose numbers and texts can be read, or a FileError.
#include <cstdint>
#include <cstdlib>

#include "graft/core/error.h"
#include "graft/io/npy.h"
#include "graft/io/numbers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft::io;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const NpyArray array = parse_npy(bytes, "fuzz");
    if (array.values.data() < bytes.data() || array.values.data() + array.values.size() != bytes.data() + size)
      std::abort();
    std::size_t count = 1;
    for (const auto length : array.shape)
      count *= static_cast<std::size_t>(length);
    if (array.dtype && is_floats(*array.dtype)) {
      if (floats_of(*array.dtype, array.values).size() != count) std::abort();
    } else if (texts_of(array).size() != count) {
      std::abort();
    }
  } catch (const graft::FileError&) {
  }
  return 0;
}
