// Any bytes as a detector's results.
#include <cstddef>
#include <cstdint>

#include "graft/detection/detections.h"
#include "tests/fuzz/read_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace graft::detection;
  const auto set = photos();
  const auto path = folder_of_files({{"a.json", {bytes, size}}}) / "a.json";
  Findings findings;
  try {
    for (const Detection& one : read_detections(path, set, findings).detections)
      if (one.image >= set.images.size() || one.category >= set.categories.size()) std::abort();
  } catch (const graft::Error&) {
  }
  return 0;
}
