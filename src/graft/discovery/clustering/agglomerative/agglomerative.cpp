#include "graft/discovery/clustering/agglomerative/agglomerative.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/discovery/clustering/kmeans/kmeans.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery::agglomerative {
namespace {

constexpr int64_t kRowsAtOnce = 512;

// Distances of pairs i < j, each once.
class Distances {
 public:
  explicit Distances(const at::Tensor& points)
      : rows_(points.size(0)), of_(static_cast<size_t>(rows_ * (rows_ - 1) / 2)) {
    for (int64_t begin = 0; begin < rows_; begin += kRowsAtOnce) {
      stop_if_asked();
      const auto part = points.narrow(0, begin, std::min(kRowsAtOnce, rows_ - begin));
      const auto block = at::cdist(part, points, 2, /*compute_mode=*/2).to(at::kFloat).contiguous();  // no products
      const auto* row = block.const_data_ptr<float>();
      for (int64_t i = begin; i < begin + part.size(0); ++i, row += rows_)
        std::copy(row + i + 1, row + rows_, of_.begin() + place(i, i + 1));
    }
  }
  float& at(int64_t i, int64_t j) { return of_[static_cast<size_t>(i < j ? place(i, j) : place(j, i))]; }
  int64_t rows() const { return rows_; }

 private:
  int64_t place(int64_t i, int64_t j) const { return i * (2 * rows_ - i - 1) / 2 + j - i - 1; }

  int64_t rows_;
  std::vector<float> of_;
};

struct Merge {
  int64_t kept = 0, gone = 0;  // rows that stand for their clusters
  float distance = 0;
};

// Lance & Williams 1967: of the joined cluster a + b to c.
double joined(Linkage linkage, double ac, double bc, double ab, double a, double b, double c) {
  switch (linkage) {
    case Linkage::average:
      return (a * ac + b * bc) / (a + b);
    case Linkage::complete:
      return std::max(ac, bc);
    case Linkage::ward:
      break;
  }
  return std::sqrt(std::max(0.0, ((a + c) * ac * ac + (b + c) * bc * bc - c * ab * ab) / (a + b + c)));
}

// All merges, in the order in which chains find them.
std::vector<Merge> merges_of(Distances& distances, Linkage linkage) {
  const auto rows = distances.rows();
  std::vector<double> sizes(static_cast<size_t>(rows), 1);
  std::vector<int64_t> there(static_cast<size_t>(rows)), chain;
  std::iota(there.begin(), there.end(), 0);
  std::vector<Merge> merges;
  while (there.size() > 1) {
    stop_if_asked();
    if (chain.empty()) chain.push_back(there.front());
    for (;;) {
      const auto last = chain.back();
      const auto before = chain.size() > 1 ? chain[chain.size() - 2] : -1;
      int64_t nearest = before;
      float least = before < 0 ? std::numeric_limits<float>::infinity() : distances.at(last, before);
      for (const auto other : there) {
        if (other == last) continue;
        if (const float d = distances.at(last, other); d < least || nearest < 0) {
          least = d;
          nearest = other;
        }
      }
      if (nearest != before) {
        chain.push_back(nearest);
        continue;
      }
      chain.resize(chain.size() - 2);
      const auto kept = std::min(last, before), gone = std::max(last, before);
      merges.push_back({kept, gone, least});
      std::erase(there, gone);
      const auto a = sizes[static_cast<size_t>(kept)], b = sizes[static_cast<size_t>(gone)];
      for (const auto other : there) {
        if (other == kept) continue;
        distances.at(kept, other) =
            static_cast<float>(joined(linkage, distances.at(kept, other), distances.at(gone, other), least, a, b,
                                      sizes[static_cast<size_t>(other)]));
      }
      sizes[static_cast<size_t>(kept)] = a + b;
      break;
    }
  }
  return merges;
}

// The nearest merges first, until `count` clusters are left.
std::vector<int64_t> clusters_after(std::vector<Merge> merges, int64_t rows, int64_t count) {
  std::ranges::stable_sort(merges, {}, &Merge::distance);
  std::vector<int64_t> parent(static_cast<size_t>(rows));
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](int64_t i) {
    while (parent[static_cast<size_t>(i)] != i)
      i = parent[static_cast<size_t>(i)] = parent[static_cast<size_t>(parent[static_cast<size_t>(i)])];
    return i;
  };
  for (int64_t m = 0; m < rows - count; ++m)
    parent[static_cast<size_t>(root(merges[static_cast<size_t>(m)].gone))] = root(merges[static_cast<size_t>(m)].kept);
  std::vector<int64_t> of, number(static_cast<size_t>(rows), -1);
  int64_t next = 0;
  for (int64_t i = 0; i < rows; ++i) {
    auto& own = number[static_cast<size_t>(root(i))];
    if (own < 0) own = next++;
    of.push_back(own);
  }
  return of;
}

class Agglomerative final : public Clustering {
 public:
  explicit Agglomerative(Options options) : options_(options) {}

  Clusters cluster(const at::Tensor& rows, int64_t count, const Random&) const override {
    const auto n = rows.size(0);
    if (n > kMostRows) {
      throw ConfigError("agglomerative",
                        "{} rows, whose distances would take {:.0f} GB: expected {} at most. Take mini-batch.", n,
                        static_cast<double>(n) * static_cast<double>(n) * 2e-9, kMostRows);
    }
    const auto points = rows.to(at::kDouble);
    Distances distances(points);
    kmeans::Means found;
    found.of = clusters_after(merges_of(distances, options_.linkage), n, count);
    const auto of = torch::tensor(found.of, tensor::on_cpu(at::kLong));
    const auto sizes = at::bincount(of, {}, count).to(at::kDouble).unsqueeze(1);
    found.centres = at::zeros({count, points.size(1)}, points.options()).index_add(0, of, points) / sizes;
    return kmeans::by_size(points, found);
  }

 private:
  Options options_;
};

}  // namespace

std::vector<std::pair<Linkage, std::string>> choices(Linkage) {
  return {{Linkage::ward, "ward"}, {Linkage::average, "average"}, {Linkage::complete, "complete"}};
}

extern const ClusteringEntry entry = {
    .name = "agglomerative",
    .summary = "the nearest two become one until so many are left",
    .paper = "Murtagh 1983, doi:10.1093/comjnl/26.4.354",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Clustering> {
      return std::make_unique<Agglomerative>(read_options<Options>("agglomerative", values));
    },
};

}  // namespace graft::discovery::agglomerative
