// NumPy's .npy files (format versions 1.0 to 3.0, numpy/lib/format.py): a magic, a header that is a Python dict of
// literals, and one array. Read by a list of what is understood: numbers of kNpyNumbers and texts ('<U'), row after
// row, little-endian. Objects, which are pickles, and all else are refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/dtype.h"

namespace graft::io {

inline constexpr const char* kNpyNumbers = "<f2, <f4, <f8, <i4, <i8, |u1";

struct NpyArray {
  std::string name;                   // for errors
  std::optional<Dtype> dtype;         // f16, f32, f64, i32, i64 or u8; absent: texts
  std::int64_t letters = 0;           // of a text: code points of four bytes, zeros behind a shorter one
  std::vector<std::int64_t> shape;    // empty: one value
  std::span<const std::byte> values;  // of all, row-major; into the bytes that were given
};

// FileError with what is not understood, or where bytes are missing or left over.
NpyArray parse_npy(std::span<const std::byte> bytes, std::string_view name);

// Each value as text: whole numbers in digits, texts as UTF-8. FileError for an array of other numbers, or for what is
// no code point.
std::vector<std::string> texts_of(const NpyArray& array);

}  // namespace graft::io
