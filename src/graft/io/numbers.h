// Dense numbers in foreign bytes as numbers of ours. The bytes may lie at any address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graft/io/dtype.h"

namespace graft::io {

// Of f16, bf16, f32 and f64, to float32 by rounding to nearest; what is too large becomes infinite.
bool is_floats(Dtype dtype);
std::vector<float> floats_of(Dtype dtype, std::span<const std::byte> bytes);

// Of u8, i8, i16, i32 and i64.
bool is_integers(Dtype dtype);
std::vector<std::int64_t> integers_of(Dtype dtype, std::span<const std::byte> bytes);

}  // namespace graft::io
