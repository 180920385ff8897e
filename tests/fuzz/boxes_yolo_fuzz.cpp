// Any bytes as YOLO's files: what stands before a zero byte as data.yaml, what follows as labels. A set whose places
// are in it, or an error; what is mended has nothing wrong.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/read_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parts = graft::detection::parts_of(bytes, size, 2);
  return graft::detection::read_boxes("yolo", {{"set/data.yaml", parts[0]}, {"set/labels/a.txt", parts[1]}}, "set");
}
