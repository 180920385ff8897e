#include <algorithm>
#include <numeric>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/ranks.h"

namespace graft::statistics {
namespace {

// reach[i] is the farthest place that a run from place i may end at; runs inside others are dropped.
std::vector<Clique> longest_runs(const std::vector<size_t>& reach) {
  std::vector<Clique> runs;
  for (size_t i = 0; i < reach.size(); ++i) {
    if (reach[i] > i && (runs.empty() || reach[i] > runs.back().second)) runs.emplace_back(i, reach[i]);
  }
  return runs;
}

void require_square(const std::vector<std::vector<bool>>& differs, size_t methods) {
  bool square = differs.size() == methods;
  for (const auto& row : differs)
    square = square && row.size() == methods;
  if (!square) throw UsageError("statistics", "what differs: expected {} x {} answers.", methods, methods);
}

}  // namespace

std::vector<size_t> order_of_ranks(std::span<const double> mean_ranks) {
  require_finite("mean rank", mean_ranks);
  std::vector<size_t> order(mean_ranks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return mean_ranks[a] < mean_ranks[b]; });
  return order;
}

std::vector<Clique> cliques(std::span<const double> mean_ranks, double difference) {
  const auto order = order_of_ranks(mean_ranks);
  std::vector<size_t> reach(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    reach[i] = i;
    // A difference that is the critical one but for rounding is not above it.
    while (reach[i] + 1 < order.size() && mean_ranks[order[reach[i] + 1]] - mean_ranks[order[i]] <= difference + 1e-12)
      ++reach[i];
  }
  return longest_runs(reach);
}

std::vector<Clique> cliques(std::span<const double> mean_ranks, const std::vector<std::vector<bool>>& differs) {
  const auto order = order_of_ranks(mean_ranks);
  require_square(differs, order.size());
  std::vector<size_t> reach(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    size_t end = i + 1;
    for (; end < order.size(); ++end) {
      bool joins = true;
      for (size_t j = i; j < end; ++j)
        joins = joins && !differs[order[j]][order[end]];
      if (!joins) break;
    }
    reach[i] = end - 1;
  }
  return longest_runs(reach);
}

std::vector<Clique> pairs_without_bar(std::span<const double> mean_ranks,
                                      const std::vector<std::vector<bool>>& differs) {
  const auto order = order_of_ranks(mean_ranks);
  const auto bars = cliques(mean_ranks, differs);
  std::vector<Clique> pairs;
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t j = i + 1; j < order.size(); ++j) {
      if (differs[order[i]][order[j]]) continue;
      const bool barred =
          std::any_of(bars.begin(), bars.end(), [&](const Clique& bar) { return bar.first <= i && j <= bar.second; });
      if (!barred) pairs.emplace_back(i, j);
    }
  }
  return pairs;
}

}  // namespace graft::statistics
