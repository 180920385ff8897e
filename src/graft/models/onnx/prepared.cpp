#include "graft/models/onnx/prepared.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include "graft/tensor/frozen_linear.h"

namespace graft::models::onnx {
namespace {

constexpr int64_t kLeastWeights = 1 << 12;  // below this packing gains nothing

}  // namespace

Compute prepared(const io::OnnxNode& node, const at::Tensor& right) {
  if (node.type != "MatMul" || !right.defined() || right.dim() != 2 || right.scalar_type() != at::kFloat ||
      right.numel() < kLeastWeights)
    return nullptr;
  return [product =
              tensor::FrozenLinear(right.t().contiguous(), {}, tensor::Precision::fp32)](const Call& call) -> Outputs {
    const auto& x = call.input(0);
    if (x.dim() < 1 || x.scalar_type() != at::kFloat || x.size(-1) != product.in())
      call.refuse("input 0: expected float32 rows of {}, got {} of shape [{}].", product.in(), x.dtype().name(),
                  fmt::join(x.sizes(), ", "));
    auto shape = x.sizes().vec();
    shape.back() = product.out();
    call.allow(shape);
    return {product.forward(x)};
  };
}

}  // namespace graft::models::onnx
