#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "graft/statistics/finite.h"
#include "graft/statistics/half_sums.h"
#include "graft/statistics/sign_flip.h"

namespace graft::statistics {
namespace {

constexpr size_t kMostListed = 20;   // 2^20 means
constexpr size_t kMostCounted = 40;  // two halves of 2^20 sums, at each step of a bisection
constexpr int64_t kDrawnSubsets = 99'999;

std::vector<double> all_subset_means(std::span<const double> values) {
  const size_t subsets = size_t{1} << values.size();
  std::vector<double> sums(subsets), means;
  means.reserve(subsets);
  for (size_t subset = 1; subset < subsets; ++subset) {
    const size_t rest = subset & (subset - 1);
    sums[subset] = sums[rest] + values[static_cast<size_t>(__builtin_ctzll(subset))];
    means.push_back(sums[subset] / __builtin_popcountll(subset));
  }
  return means;
}

std::vector<double> drawn_subset_means(std::span<const double> values, Random random) {
  std::vector<double> means;
  while (means.size() < static_cast<size_t>(kDrawnSubsets)) {
    double sum = 0;
    int64_t count = 0;
    uint64_t in = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (i % 64 == 0) in = random.bits();
      if ((in >> (i % 64) & 1) == 0) continue;
      sum += values[i];
      ++count;
    }
    if (count > 0) means.push_back(sum / static_cast<double>(count));
  }
  return means;
}

double at_place(std::vector<double>& values, int64_t place) {  // 1 is the smallest
  const auto at = values.begin() + (place - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// The place-th smallest mean of a non-empty subset: at most theta where its values less theta sum to 0 or less.
double counted_subset_mean(std::span<const double> values, int64_t place) {
  auto [low, high] = std::ranges::minmax(values);
  std::vector<double> up(values.size());
  const std::vector<double> down(values.size());
  const auto enough = [&](double theta) {  // subsets with a sum of at most 0: of theta - d, at least 0
    std::transform(values.begin(), values.end(), up.begin(), [theta](double d) { return theta - d; });
    return sums_at_least<double>(up, down, 0.0) - 1 >= place;  // without the empty one
  };
  if (enough(low)) return low;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    (enough(middle) ? high : low) = middle;
  }
}

}  // namespace

std::optional<SignFlipInterval> sign_flip_interval(std::span<const double> differences, double confidence,
                                                   Random random) {
  require_level("a confidence", confidence);
  require_finite("difference", differences);
  const size_t n = differences.size();
  if (n == 0) return std::nullopt;
  const bool exact = n <= kMostCounted;
  const double patterns = exact ? std::ldexp(1, static_cast<int>(n)) : static_cast<double>(kDrawnSubsets + 1);
  // The least place that is allowed; what 1 - 0.95 loses to rounding does not cost a place.
  const auto place = static_cast<int64_t>(std::floor((1 - confidence) * patterns / 2 * (1 + 1e-12)));
  if (place < 1) return std::nullopt;
  const int64_t upper = static_cast<int64_t>(patterns) - place;
  SignFlipInterval result;
  result.exact = exact;
  result.coverage = 1 - 2 * static_cast<double>(place) / patterns;
  if (exact && n > kMostListed) {
    result.interval = {counted_subset_mean(differences, place), counted_subset_mean(differences, upper)};
    return result;
  }
  auto means = exact ? all_subset_means(differences) : drawn_subset_means(differences, random);
  const double low = at_place(means, place);
  result.interval = {low, at_place(means, upper)};
  return result;
}

}  // namespace graft::statistics
