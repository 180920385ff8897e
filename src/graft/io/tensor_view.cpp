#include "graft/io/tensor_view.h"

#include "graft/core/error.h"

namespace graft::io {

std::optional<std::size_t> bytes_of(Dtype dtype, std::span<const std::int64_t> shape) {
  std::size_t bytes = size_of(dtype);
  for (const auto extent : shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes)) return std::nullopt;
  }
  return bytes;
}

const TensorView* find_supported(const TensorMap& tensors, std::string_view name, std::string_view file) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return nullptr;
  const Dtype dtype = found->second.dtype;
  if (!is_supported(dtype)) {
    throw FileError("weights", "{}: tensor '{}' is stored as {}, which is not supported. Convert it to F32 or BF16.",
                    file, name, name_of(dtype));
  }
  return &found->second;
}

}  // namespace graft::io
