// Any bytes as COCO's JSON. A set whose places are in it, or an error; what is mended has nothing wrong.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/read_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return graft::detection::read_boxes("coco", {{"a.json", {bytes, size}}}, "a.json");
}
