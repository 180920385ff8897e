// Options of a tensor that is made of no other: of a file's bytes, of ids, of drawn numbers, or for a kernel of this
// processor. What has another tensor to meet is made with that one's options instead, so that it lies where that lies.
#pragma once

#include <c10/core/TensorOptions.h>

namespace graft::tensor {

inline c10::TensorOptions on_cpu(c10::ScalarType type = c10::ScalarType::Float) {
  return c10::TensorOptions(c10::DeviceType::CPU).dtype(type);
}

}  // namespace graft::tensor
