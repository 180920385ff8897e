// Any bytes as COCO's captions, which are written again and read as they were; or an error.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/read_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace graft::detection;
  const auto path = folder_of_files({{"captions.json", {bytes, size}}}) / "captions.json";
  const Format& captions = find_format("captions");
  Findings findings;
  try {
    captions.recognises(path);
    const Set set = captions.read(path, {}, findings);
    captions.write(set, path.parent_path() / "again.json");
  } catch (const graft::Error& error) {
    if (error.exit_code() > 4) std::abort();
  }
  return 0;
}
