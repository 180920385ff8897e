#include "graft/study/statistics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>

#include "graft/core/error.h"
#include "graft/study/distributions.h"

namespace graft::study {
namespace {

constexpr double kConfidence = 0.95;
constexpr double kUpper = 1 - (1 - kConfidence) / 2;
constexpr double kPower = 0.8;
constexpr int64_t kResamples = 10'000;
constexpr int64_t kDrawnSigns = 100'000;
constexpr size_t kAllSigns = 20;  // 2^20 sums: a tenth of a second
constexpr size_t kExactRanks = 50;
constexpr int64_t kLeastPairs = 6;
constexpr int64_t kNever = 1'000'000;  // more pairs than anybody runs

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Ranks of |d|, doubled so that ties keep whole numbers: ranks 2 and 3 shared are 5 and 5.
std::vector<int64_t> doubled_ranks(const std::vector<double>& differences) {
  std::vector<size_t> order(differences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return std::abs(differences[a]) < std::abs(differences[b]); });
  std::vector<int64_t> ranks(differences.size());
  for (size_t i = 0; i < order.size();) {
    size_t j = i;
    while (j < order.size() && std::abs(differences[order[j]]) == std::abs(differences[order[i]]))
      ++j;
    for (size_t k = i; k < j; ++k)
      ranks[order[k]] = static_cast<int64_t>(i + 1 + j);
    i = j;
  }
  return ranks;
}

// How many of the 2^n sign patterns give each sum of positive (doubled) ranks, as shares.
std::vector<double> share_of_sums(const std::vector<int64_t>& ranks) {
  const int64_t total = std::accumulate(ranks.begin(), ranks.end(), int64_t{0});
  std::vector<double> share(static_cast<size_t>(total) + 1);
  share[0] = 1;
  int64_t reached = 0;
  for (const int64_t rank : ranks) {
    reached += rank;
    for (int64_t sum = reached; sum >= 0; --sum) {
      const double without = share[static_cast<size_t>(sum)];
      const double with = sum >= rank ? share[static_cast<size_t>(sum - rank)] : 0;
      share[static_cast<size_t>(sum)] = (without + with) / 2;
    }
  }
  return share;
}

}  // namespace

Summary summarise(std::span<const double> values) {
  Summary summary;
  summary.count = static_cast<int64_t>(values.size());
  if (values.empty()) return summary;
  summary.mean = mean_of(values);
  const double infinite = std::numeric_limits<double>::infinity();
  summary.interval = {-infinite, infinite};
  if (values.size() < 2) return summary;
  const double n = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values)
    squares += (value - summary.mean) * (value - summary.mean);
  summary.deviation = std::sqrt(squares / (n - 1));
  const double half = t_quantile(kUpper, n - 1) * summary.deviation / std::sqrt(n);
  summary.interval = {summary.mean - half, summary.mean + half};
  return summary;
}

Interval bootstrap_interval(std::span<const double> values, Random random) {
  if (values.empty()) return {};
  std::vector<double> means(kResamples);
  for (double& mean : means) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i)
      sum += values[random.below(values.size())];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) { return means[static_cast<size_t>(std::lround(share * (kResamples - 1)))]; };
  return {at(1 - kUpper), at(kUpper)};
}

double sign_flip_p(std::span<const double> differences, Random random) {
  if (differences.empty()) return 1;
  const double observed = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  const double slack = 1e-12 * std::max(1.0, observed);  // sums in another order may differ by rounding
  int64_t as_far = 0;
  if (differences.size() <= kAllSigns) {
    const uint64_t patterns = uint64_t{1} << differences.size();
    for (uint64_t pattern = 0; pattern < patterns; ++pattern) {
      double sum = 0;
      for (size_t i = 0; i < differences.size(); ++i)
        sum += (pattern >> i & 1) != 0 ? differences[i] : -differences[i];
      as_far += std::abs(sum) >= observed - slack;
    }
    return static_cast<double>(as_far) / static_cast<double>(patterns);
  }
  for (int64_t draw = 0; draw < kDrawnSigns; ++draw) {
    double sum = 0;
    for (const double difference : differences)
      sum += random.below(2) == 1 ? difference : -difference;
    as_far += std::abs(sum) >= observed - slack;
  }
  // The observed signs are one of the patterns: p is never 0 (Phipson & Smyth 2010).
  return static_cast<double>(as_far + 1) / static_cast<double>(kDrawnSigns + 1);
}

double wilcoxon_p(std::span<const double> differences) {
  std::vector<double> nonzero;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(nonzero), [](double d) { return d != 0; });
  if (nonzero.empty()) return 1;
  const auto ranks = doubled_ranks(nonzero);
  int64_t positive = 0, total = 0;
  for (size_t i = 0; i < nonzero.size(); ++i) {
    total += ranks[i];
    if (nonzero[i] > 0) positive += ranks[i];
  }
  const int64_t smaller = std::min(positive, total - positive);
  if (nonzero.size() <= kExactRanks) {
    const auto share = share_of_sums(ranks);
    const double tail = std::accumulate(share.begin(), share.begin() + smaller + 1, 0.0);
    return std::min(1.0, 2 * tail);
  }
  double squares = 0;  // the sum's variance over all signs: a quarter of the ranks' squares, ties included
  for (const int64_t rank : ranks)
    squares += static_cast<double>(rank) * static_cast<double>(rank);
  const double expected = static_cast<double>(total) / 2;
  const double z = (static_cast<double>(smaller) + 1 - expected) / std::sqrt(squares / 4);  // continuity: half a rank
  return std::min(1.0, 2 * normal_cdf(z));
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

Interval mean_share_interval(std::span<const Share> classes) {
  double sum = 0, variance = 0;
  int64_t counted = 0;
  for (const auto& [correct, count] : classes) {
    if (count == 0) continue;
    const double n = static_cast<double>(count), share = (static_cast<double>(correct) + 1) / (n + 2);
    sum += static_cast<double>(correct) / n;
    variance += share * (1 - share) / n;
    ++counted;
  }
  if (counted == 0) return {0, 1};
  const double mean = sum / static_cast<double>(counted);
  const double half = normal_quantile(kUpper) * std::sqrt(variance) / static_cast<double>(counted);
  return {std::max(0.0, mean - half), std::min(1.0, mean + half)};
}

int64_t pairs_needed(double mean, double deviation) {
  if (mean == 0) return 0;
  if (deviation == 0) return 2;
  const double ratio = deviation / std::abs(mean);
  const auto enough = [&](int64_t n) {
    const double freedom = static_cast<double>(n - 1);
    const double sum = t_quantile(kUpper, freedom) + t_quantile(kPower, freedom);
    return static_cast<double>(n) >= sum * sum * ratio * ratio;
  };
  int64_t low = 1, high = 2;
  while (!enough(high)) {
    low = high;
    high *= 2;
    if (high > kNever) return 0;
  }
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

bool Comparison::shown() const {
  return difference.count >= kLeastPairs && (difference.interval.low > 0 || difference.interval.high < 0);
}

Comparison compare(std::span<const double> first, std::span<const double> second, Random random) {
  if (first.size() != second.size() || first.empty()) {
    throw UsageError("study", "a paired comparison wants as many values on both sides, got {} and {}.", first.size(),
                     second.size());
  }
  std::vector<double> differences(first.size());
  std::transform(first.begin(), first.end(), second.begin(), differences.begin(), std::minus<>());
  Comparison comparison;
  comparison.difference = summarise(differences);
  comparison.bootstrap = bootstrap_interval(differences, random.fork("bootstrap"));
  comparison.p_sign_flip = sign_flip_p(differences, random.fork("signs"));
  comparison.p_wilcoxon = wilcoxon_p(differences);
  comparison.needed = pairs_needed(comparison.difference.mean, comparison.difference.deviation);
  return comparison;
}

}  // namespace graft::study
