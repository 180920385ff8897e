#include "graft/discovery/clustering/neighbours.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "graft/core/signals.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {
namespace {

constexpr int64_t kMostNumbers = 2 << 20;  // of a block of distances: 8 MB

// to += weight * from; compiled for wider registers too, where each product and sum is rounded as on any other.
__attribute__((target_clones("avx2", "default"))) void add_scaled(double* to, const double* from, double weight,
                                                                  int64_t width) {
#pragma omp simd
  for (int64_t j = 0; j < width; ++j)
    to[j] += weight * from[j];
}

}  // namespace

at::Tensor nearest_rows(const at::Tensor& rows, int64_t count) {
  const auto n = rows.size(0), block = std::max<int64_t>(1, kMostNumbers / n);
  const auto centred = (rows - rows.mean(0, true)).to(at::kFloat).contiguous();
  const auto lengths = centred.square().sum(1);
  std::vector<at::Tensor> nearest;
  for (int64_t begin = 0; begin < n; begin += block) {
    stop_if_asked();
    const auto part = centred.narrow(0, begin, std::min(block, n - begin));
    auto distances = at::addmm(lengths, part, centred.t(), 1, -2);  // without the part's own lengths, equal along a row
    const auto own = at::arange(begin, begin + part.size(0), lengths.options().dtype(at::kLong)).unsqueeze(1);
    distances.scatter_(1, own, -std::numeric_limits<float>::infinity());
    nearest.push_back(std::get<1>(distances.topk(std::min(count, n), 1, /*largest=*/false)));
  }
  return at::cat(nearest);
}

Graph symmetric_graph(const at::Tensor& nearest) {
  const auto n = nearest.size(0), count = nearest.size(1);
  const auto whole = nearest.contiguous();
  const auto* of = whole.const_data_ptr<int64_t>();
  std::vector<std::vector<int32_t>> ends(static_cast<size_t>(n));  // twice where both have each other
  for (int64_t row = 0; row < n; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      const auto other = of[row * count + i];
      ends[static_cast<size_t>(row)].push_back(static_cast<int32_t>(other));
      ends[static_cast<size_t>(other)].push_back(static_cast<int32_t>(row));
    }
  }
  Graph graph;
  graph.begin.push_back(0);
  for (auto& row : ends) {
    std::ranges::sort(row);
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && row[i] == row[i - 1]) {
        graph.weights.back() += 0.5;
      } else {
        graph.columns.push_back(row[i]);
        graph.weights.push_back(0.5);
      }
    }
    graph.begin.push_back(static_cast<int64_t>(graph.columns.size()));
    row = {};
  }
  return graph;
}

NormalisedLaplacian::NormalisedLaplacian(const Graph& graph) : graph_(graph) {
  const auto n = graph_.nodes();
  root_degree_ = at::ones({n, 1}, tensor::on_cpu(at::kDouble));
  auto* root = root_degree_.data_ptr<double>();
  alone_.assign(static_cast<size_t>(n), false);
  const auto each = [&](int64_t row, const auto& visit) {
    for (auto i = graph_.begin[static_cast<size_t>(row)]; i < graph_.begin[static_cast<size_t>(row) + 1]; ++i)
      visit(graph_.columns[static_cast<size_t>(i)], graph_.weights[static_cast<size_t>(i)]);
  };
  for (int64_t row = 0; row < n; ++row) {
    double degree = 0;
    each(row, [&](int32_t column, double& weight) {
      if (column == row) weight = 0;
      degree += weight;
    });
    alone_[static_cast<size_t>(row)] = degree == 0;
    if (degree > 0) root[row] = std::sqrt(degree);
  }
  for (int64_t row = 0; row < n; ++row)
    each(row, [&](int32_t column, double& weight) { weight /= root[row] * root[column]; });
}

at::Tensor NormalisedLaplacian::times(const at::Tensor& x) const {
  const auto from = x.contiguous();
  auto product = at::empty_like(from);
  const auto width = from.size(1);
  const auto* in = from.const_data_ptr<double>();
  auto* out = product.data_ptr<double>();
  at::parallel_for(0, nodes(), 256, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      auto* to = out + row * width;
      const double own = alone_[static_cast<size_t>(row)] ? 0 : 1;
      for (int64_t j = 0; j < width; ++j)
        to[j] = own * in[row * width + j];
      for (auto i = graph_.begin[static_cast<size_t>(row)]; i < graph_.begin[static_cast<size_t>(row) + 1]; ++i) {
        const double weight = graph_.weights[static_cast<size_t>(i)];
        add_scaled(to, in + graph_.columns[static_cast<size_t>(i)] * width, -weight, width);
      }
    }
  });
  return product;
}

at::Tensor NormalisedLaplacian::dense() const {
  return times(at::eye(nodes(), root_degree_.options()));
}

}  // namespace graft::discovery
