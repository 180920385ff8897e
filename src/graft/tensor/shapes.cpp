#include "graft/tensor/shapes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace graft::tensor {

std::string shape_of(const at::Tensor& t) {
  return fmt::format("[{}]", fmt::join(t.sizes(), ", "));
}

}  // namespace graft::tensor
