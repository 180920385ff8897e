#include "graft/statistics/ranks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/midranks.h"
#include "graft/statistics/rank_permutations.h"
#include "graft/statistics/studentized_range.h"

namespace graft::statistics {

Friedman friedman(std::span<const double> scores, int64_t sets, int64_t methods, const Random& random,
                  bool larger_is_better) {
  require_count("sets of a rank test", sets, 2);
  require_count("methods of a rank test", methods, 2);
  require_table("score", scores, sets, methods);
  const double N = static_cast<double>(sets), k = static_cast<double>(methods);
  const auto columns = static_cast<size_t>(methods);
  RankTable table;
  std::vector<double> row(columns);
  double tied = 0;
  for (size_t set = 0; set < static_cast<size_t>(sets); ++set) {
    for (size_t j = 0; j < columns; ++j)
      row[j] = larger_is_better ? -scores[set * columns + j] : scores[set * columns + j];
    auto ranks = doubled_midranks(row);
    tied += ranks.tie_sum;
    table.push_back(std::move(ranks.doubled));
  }
  Friedman result;
  result.mean_ranks.resize(columns);
  double squares = 0;
  for (size_t j = 0; j < columns; ++j) {
    int64_t sum = 0;
    for (const auto& ranks : table)
      sum += ranks[j];
    result.mean_ranks[j] = static_cast<double>(sum) / (2 * N);
    squares += result.mean_ranks[j] * result.mean_ranks[j];
  }
  result.ties = 1 - tied / (N * k * (k * k - 1));
  if (result.ties <= 1e-12) {
    result.ties = 0;
    return result;
  }
  result.uncorrected = std::max(0.0, 12 * N / (k * (k + 1)) * (squares - k * (k + 1) * (k + 1) / 4));
  result.statistic = result.uncorrected / result.ties;
  result.p = chi2_tail(result.statistic, k - 1);
  const double left = N * (k - 1) - result.statistic;
  const bool all_agree = left <= 1e-9 * N * (k - 1);
  result.f = all_agree ? std::numeric_limits<double>::infinity() : (N - 1) * result.statistic / left;
  result.p_f = all_agree ? 0 : f_tail(result.f, k - 1, (k - 1) * (N - 1));
  const auto permuted = permutation_p(table, random);
  result.p_permutation = permuted.p;
  result.exact = permuted.exact;
  return result;
}

double nemenyi_difference(int64_t sets, int64_t methods, double alpha) {
  require_count("sets of a rank test", sets, 1);
  require_level("alpha", alpha);
  const double k = static_cast<double>(methods), n = static_cast<double>(sets);
  return studentized_range_quantile(1 - alpha, methods) / std::sqrt(2.0) * std::sqrt(k * (k + 1) / (6 * n));
}

double nemenyi_p(double rank_difference, int64_t sets, int64_t methods) {
  require_count("sets of a rank test", sets, 1);
  const double k = static_cast<double>(methods), n = static_cast<double>(sets);
  return studentized_range_tail(std::abs(rank_difference) / std::sqrt(k * (k + 1) / (6 * n)) * std::sqrt(2.0), methods);
}

}  // namespace graft::statistics
