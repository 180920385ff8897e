// Any bytes as a GGUF file: tensors and texts that lie within it, blocks that become numbers, or a FileError.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "graft/core/error.h"
#include "graft/io/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto inside = [&](auto* begin, std::size_t count) {
    const auto* const at = reinterpret_cast<const std::byte*>(begin);
    if (count > 0 && (at < bytes.data() || at + count > bytes.data() + size)) std::abort();
  };
  try {
    const auto file = graft::io::GgufFile::parse(bytes, nullptr, "fuzz");
    for (const auto& [name, tensor] : file.tensors()) {
      inside(tensor.data.data(), tensor.data.size());
      if (tensor.data.empty()) continue;
      std::vector<float> numbers(static_cast<std::size_t>(tensor.width()));
      graft::io::dequantise(tensor.type, tensor.row(tensor.rows() - 1), numbers);
    }
    for (const auto& key : file.metadata().keys()) {
      try {
        for (const auto text : file.metadata().texts(key))
          inside(text.data(), text.size());
      } catch (const graft::FileError&) {
        file.metadata().is_list(key) ? void(file.metadata().numbers(key)) : void(file.metadata().number(key));
      }
    }
  } catch (const graft::FileError&) {
  }
  return 0;
}
