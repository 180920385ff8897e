// Any bytes as an ONNX file: a graph whose tensors lie in bytes that can be read, or a FileError.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "graft/core/error.h"
#include "graft/io/onnx_file.h"

namespace {

// Reads every byte, so that a sanitizer sees one that is not there.
void touch(const graft::io::TensorView& view) {
  const auto size = graft::io::bytes_of(view.dtype, view.shape);
  if (!size || *size != view.bytes) std::abort();
  unsigned all = 0;
  for (const auto byte : view.span())
    all += std::to_integer<unsigned>(byte);
  if (all == 0x7FFFFFFF) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft::io;
  try {
    const auto file = OnnxFile::parse(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
    for (const auto& [name, view] : file.initializers)
      touch(view);
    for (const auto& node : file.nodes) {
      if (node.describe().empty()) std::abort();
      for (const auto& attribute : node.attributes) {
        if (const auto* view = std::get_if<TensorView>(&attribute.value)) touch(*view);
      }
    }
  } catch (const graft::FileError&) {
  }
  return 0;
}
