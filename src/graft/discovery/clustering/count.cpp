#include "graft/discovery/clustering/count.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>

#include "graft/tensor/on_cpu.h"

namespace graft::discovery {

int64_t count_by_eigengap(const std::vector<double>& eigenvalues) {
  size_t best = 1;
  double largest = -1;
  for (size_t k = 2; k < eigenvalues.size(); ++k) {
    const double step = eigenvalues[k] - eigenvalues[k - 1];
    if (step > largest) {
      largest = step;
      best = k;
    }
  }
  return static_cast<int64_t>(best);
}

double silhouette(const at::Tensor& points, const std::vector<int64_t>& of, int64_t most) {
  const auto stride = std::max<int64_t>(1, (points.size(0) + most - 1) / most);
  const auto clusters = torch::tensor(of, tensor::on_cpu(at::kLong)).slice(0, 0, {}, stride).contiguous();
  const auto few = points.slice(0, 0, {}, stride).to(at::kDouble).contiguous();
  const auto count = clusters.max().item<int64_t>() + 1, n = few.size(0);
  const auto member = at::one_hot(clusters, count).to(at::kDouble);  // [n, K]
  const auto sizes = member.sum(0);
  double sum = 0;
  for (int64_t begin = 0; begin < n; begin += 512) {
    const auto rows = std::min<int64_t>(512, n - begin);
    const auto sums = at::mm(at::cdist(few.narrow(0, begin, rows), few), member);  // [rows, K]
    const auto own = clusters.narrow(0, begin, rows).unsqueeze(1);
    const auto others = (sizes.index_select(0, own.squeeze(1)) - 1);
    const auto a = sums.gather(1, own).squeeze(1) / others.clamp_min(1);
    auto means = at::where(sizes > 0, sums / sizes.clamp_min(1), std::numeric_limits<double>::infinity());
    means.scatter_(1, own, std::numeric_limits<double>::infinity());
    const auto b = means.amin(1);
    const auto widths = at::nan_to_num((b - a) / at::maximum(a, b));
    sum += at::where(others > 0, widths, 0.0).sum().item<double>();
  }
  return sum / static_cast<double>(n);
}

}  // namespace graft::discovery
