// Products of matrices.
#include <ATen/ExpandUtils.h>
#include <torch/types.h>

#include "graft/models/onnx/operators.h"

namespace graft::models::onnx {

Outputs matmul(const Call& call) {
  const auto &a = call.input(0), &b = call.input(1);
  if (a.dim() < 1 || b.dim() < 1) call.refuse("one of its inputs is a single number.");
  if (a.scalar_type() != b.scalar_type())
    call.refuse("its inputs are of {} and {}: expected one type.", a.dtype().name(), b.dtype().name());
  const auto leading = [](const at::Tensor& x) {
    return x.sizes().slice(0, x.dim() < 2 ? 0 : static_cast<size_t>(x.dim() - 2));
  };
  auto shape = at::infer_size(leading(a), leading(b));
  if (a.dim() > 1) shape.push_back(a.size(-2));
  if (b.dim() > 1) shape.push_back(b.size(-1));
  call.allow(shape);
  return {at::matmul(a, b)};
}

// alpha A B + beta C
Outputs gemm(const Call& call) {
  if (call.input(0).dim() != 2 || call.input(1).dim() != 2) call.refuse("expected two matrices.");
  const auto a = call.flag("transA", false) ? call.input(0).t() : call.input(0);
  const auto b = call.flag("transB", false) ? call.input(1).t() : call.input(1);
  call.allow({a.size(0), b.size(1)});
  const auto alpha = call.real("alpha", 1), beta = call.real("beta", 1);
  if (!call.has(2)) return {alpha == 1 ? at::mm(a, b) : at::mm(a, b) * alpha};
  const auto c = call.input(2).expand({a.size(0), b.size(1)});
  return {at::addmm(c, a, b, beta, alpha)};
}

}  // namespace graft::models::onnx
