// Any bytes as a safetensors file: tensors that lie within it, or a FileError.
#include <cstdint>
#include <cstdlib>

#include "graft/core/error.h"
#include "graft/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const auto file = graft::io::SafetensorsFile::parse(bytes, nullptr, "fuzz");
    for (const auto& [name, view] : file.tensors()) {
      if (view.data < bytes.data() || view.data + view.bytes > bytes.data() + size) std::abort();
    }
  } catch (const graft::FileError&) {
  }
  return 0;
}
