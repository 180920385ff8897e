// Any bytes as the tables of OpenImages: what stands before a zero byte as boxes, then image labels, classes and
// the hierarchy. A set whose places are in it, or an error; what is mended has nothing wrong.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/read_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parts = graft::detection::parts_of(bytes, size, 4);
  return graft::detection::read_boxes("openimages",
                                      {{"set/boxes.csv", parts[0]},
                                       {"set/labels.csv", parts[1]},
                                       {"set/class-descriptions.csv", parts[2]},
                                       {"set/hierarchy.json", parts[3]}},
                                      "set");
}
