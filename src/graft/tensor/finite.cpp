#include "graft/tensor/finite.h"

#include <torch/types.h>

#include <cmath>

namespace graft::tensor {

NotFinite not_finite(const at::Tensor& rows) {
  const torch::NoGradGuard no_grad;
  NotFinite found;
  // Finite numbers may have a sum that is not, never the other way round.
  if (rows.numel() == 0 || std::isfinite(rows.sum().item<double>())) return found;
  const at::Tensor flat = rows.detach().to(at::kFloat).reshape({rows.dim() > 0 ? rows.size(0) : 1, -1});
  const at::Tensor bad = torch::isfinite(flat).logical_not();
  const at::Tensor by_row = bad.sum(1);
  found.count = by_row.sum().item<int64_t>();
  if (found.count == 0) return found;
  found.row = by_row.gt(0).nonzero()[0].item<int64_t>();
  found.in_row = by_row[found.row].item<int64_t>();
  found.value = flat[found.row].masked_select(bad[found.row])[0].item<double>();
  return found;
}

}  // namespace graft::tensor
