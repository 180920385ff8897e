// A tensor in foreign bytes: dense, row-major, little-endian. It keeps its storage (a mapped file, or memory) alive.
// Trap: a file does not promise alignment, so `data` may sit at any address; copy from it, or check before casting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/dtype.h"

namespace graft::io {

class MappedFile;

struct TensorView {
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
  std::shared_ptr<const void> owner;
  std::shared_ptr<const MappedFile> file = nullptr;  // where `data` lies, if in a mapped file: it can be read again

  std::span<const std::byte> span() const { return {data, bytes}; }
};

// By name, sorted; found by std::string_view without a copy.
using TensorMap = std::map<std::string, TensorView, std::less<>>;

// What a dense tensor takes; nullopt when that overflows. No size may be negative.
std::optional<std::size_t> bytes_of(Dtype dtype, std::span<const std::int64_t> shape);

// nullptr when absent; FileError, naming `file`, for a dtype that is known by size only.
const TensorView* find_supported(const TensorMap& tensors, std::string_view name, std::string_view file);

}  // namespace graft::io
