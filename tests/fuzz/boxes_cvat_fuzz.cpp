// Any bytes as CVAT's XML. A set whose places are in it, or an error; what is mended has nothing wrong.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/read_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return graft::detection::read_boxes("cvat", {{"a.xml", {bytes, size}}}, "a.xml");
}
