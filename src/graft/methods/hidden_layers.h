// What heads of fully connected layers share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace graft::methods {

// x [B, E] with rows of root mean square 1; a row of zeros stays one.
at::Tensor with_unit_rms(const at::Tensor& x);

// At most so many: more is a slip of the keyboard. ConfigError at `where`.
void check_hidden_layers(const char* where, int64_t width, int64_t layers);

}  // namespace graft::methods
