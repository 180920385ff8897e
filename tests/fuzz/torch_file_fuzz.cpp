// Any bytes as a file of torch.save, in each of its three forms: tensors whose every byte can be read, or a FileError.
#include <cstdint>

#include "graft/core/error.h"
#include "graft/io/pickle.h"
#include "graft/io/torch_file.h"
#include "graft/io/torch_pickle.h"

namespace {

// Read by the sanitizer's eyes: a view out of bounds is a crash here.
std::uint8_t touch(const graft::io::TorchFile& file) {
  std::uint8_t sum = 0;
  for (const auto& [name, view] : file.tensors) {
    for (std::size_t i = 0; i < view.bytes; ++i)
      sum ^= std::to_integer<std::uint8_t>(view.data[i]);
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  volatile std::uint8_t seen = 0;
  try {
    seen = touch(graft::io::TorchFile::parse(bytes, nullptr, "fuzz"));
  } catch (const graft::FileError&) {
  }
  // The pickle alone, without a zip around it to get right: every storage is the input itself.
  try {
    const auto pickle = graft::io::parse_pickle(bytes, "fuzz", graft::io::may_stand_in_torch_file);
    const auto storage = [&](const graft::io::StorageId& id) {
      if (id.elements > size / id.element_bytes()) throw graft::FileError("fuzz", "a storage beyond the input");
      return bytes.first(id.elements * id.element_bytes());
    };
    seen = touch(graft::io::collect_tensors(*pickle.root, "fuzz", storage, nullptr, 1 << 20));
  } catch (const graft::FileError&) {
  }
  return 0;
}
