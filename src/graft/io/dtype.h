// The element types of checkpoints, by the names that the safetensors format gives them. Some are known by size only: a
// file may hold such a tensor, but asking for it is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace graft::io {

enum class Dtype : std::uint8_t {
  f64,
  f32,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u8,
  boolean,
  f8_e4m3,
  f8_e5m2,
  f8_e8m0,
  u16,
  u32,
  u64,
  c64,  // known by size only
};

std::string_view name_of(Dtype dtype);                    // "F32"
std::optional<Dtype> dtype_named(std::string_view name);  // "F32", "BF16", "BOOL" ...
std::size_t size_of(Dtype dtype);                         // bytes of one element
bool is_supported(Dtype dtype);

}  // namespace graft::io
