#include "graft/statistics/sign_flip.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/half_sums.h"
#include "graft/statistics/subset_sums.h"

namespace graft::statistics {
namespace {

constexpr int64_t kDrawnSigns = 99'999;
constexpr size_t kMostInHalves = 40;
constexpr int64_t kLargestConvolution = 10'000'000;  // sums: 80 MB
constexpr int64_t kLargestSum = int64_t{1} << 61;    // so that no sum of two leaves 64 bits

SignFlip started(size_t pairs, size_t nonzero, Tail tail) {
  SignFlip result;
  result.pairs = static_cast<int64_t>(pairs);
  result.nonzero = static_cast<int64_t>(nonzero);
  result.smallest =
      std::min(1.0, std::ldexp(tail == Tail::both ? 2 : 1, -static_cast<int>(std::min(nonzero, size_t{1000}))));
  return result;
}

template <class Number>
void count_from_halves(SignFlip& result, std::span<const Number> up, Tail tail, Number threshold) {
  std::vector<Number> down(up.begin(), up.end());
  for (Number& value : down)
    value = -value;
  const auto count = static_cast<double>(sums_at_least<Number>(up, down, threshold));
  result.p = std::ldexp(tail == Tail::both ? 2 * count : count, -static_cast<int>(up.size()));
}

template <class Number>
void draw_signs(SignFlip& result, std::span<const Number> values, Tail tail, Number threshold, Random random) {
  int64_t as_far = 0;
  for (int64_t draw = 0; draw < kDrawnSigns; ++draw) {
    Number sum = 0;
    uint64_t signs = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (i % 64 == 0) signs = random.bits();
      sum += (signs >> (i % 64) & 1) != 0 ? values[i] : -values[i];
    }
    as_far += sum >= threshold || (tail == Tail::both && -sum >= threshold);
  }
  const double count = static_cast<double>(kDrawnSigns);
  result.p = static_cast<double>(as_far + 1) / (count + 1);
  result.exact = false;
  result.error = std::sqrt(result.p * (1 - result.p) / count);
}

}  // namespace

SignFlip sign_flip(std::span<const int64_t> differences, Tail tail, Random random) {
  std::vector<int64_t> sizes;
  int64_t seen = 0, total = 0, divisor = 0;
  for (const int64_t difference : differences) {
    if (difference == 0) continue;
    if (difference < -kLargestSum || difference > kLargestSum || total > kLargestSum - std::abs(difference)) {
      throw UsageError("statistics", "differences that sum to more than 2^61 in magnitude: expected items, got {}.",
                       difference);
    }
    sizes.push_back(std::abs(difference));
    seen += difference;
    total += sizes.back();
    divisor = std::gcd(divisor, sizes.back());
  }
  SignFlip result = started(differences.size(), sizes.size(), tail);
  if (sizes.empty() || (tail == Tail::both && seen == 0)) return result;
  for (int64_t& size : sizes)
    size /= divisor;
  total /= divisor;
  seen /= divisor;
  const int64_t threshold = tail == Tail::both ? std::abs(seen) : seen;

  const size_t n = sizes.size();
  const bool may_halve = n <= kMostInHalves;
  const bool may_convolve = total <= kLargestConvolution;
  const double halves_cost = std::ldexp(8, static_cast<int>((std::min(n, kMostInHalves) + 1) / 2));
  if (may_convolve && (!may_halve || static_cast<double>(total) * static_cast<double>(n) <= halves_cost)) {
    // A sum of signs is total - 2 (what is flipped): at least the threshold where the flipped part is small enough.
    const double share = subset_sum_cdf(sizes, (total - threshold) / 2);
    result.p = tail == Tail::both ? 2 * share : share;
  } else if (may_halve) {
    count_from_halves<int64_t>(result, sizes, tail, threshold);
  } else {
    draw_signs<int64_t>(result, sizes, tail, threshold, random);
  }
  result.p = std::min(1.0, result.p);
  return result;
}

SignFlip sign_flip(std::span<const double> differences, Tail tail, Random random) {
  require_finite("difference", differences);
  std::vector<double> sizes;
  double seen = 0, total = 0;
  for (const double difference : differences) {
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    seen += difference;
    total += sizes.back();
  }
  SignFlip result = started(differences.size(), sizes.size(), tail);
  const double slack = 1e-12 * total;
  if (sizes.empty() || (tail == Tail::both && std::abs(seen) <= slack)) return result;
  const double threshold = (tail == Tail::both ? std::abs(seen) : seen) - slack;
  if (sizes.size() <= kMostInHalves) {
    count_from_halves<double>(result, sizes, tail, threshold);
  } else {
    draw_signs<double>(result, sizes, tail, threshold, random);
  }
  result.p = std::min(1.0, result.p);
  return result;
}

SignFlip stratified_sign_flip(std::span<const SetDifferences> sets, Tail tail, Random random) {
  require_count("sets", static_cast<int64_t>(sets.size()), 1);
  constexpr int64_t kLargestScale = int64_t{1} << 40;
  int64_t scale = 1;  // the least that every (seeds x items) divides; 0: too large
  double largest = 0, pairs = 0;
  for (const auto& set : sets) {
    const auto seeds = static_cast<int64_t>(set.won.size());
    require_count("seeds in each set", seeds, 1);
    require_count("items of each test set", set.items, 1);
    for (const int64_t won : set.won) {
      if (won < -set.items || won > set.items)
        throw DataError("statistics", "{} items won in a test set of {}. Do both runs have the same test set?", won,
                        set.items);
      largest = std::max(largest, static_cast<double>(std::abs(won)));
    }
    pairs += static_cast<double>(seeds);
    if (scale == 0 || set.items > kLargestScale / seeds) {
      scale = 0;
      continue;
    }
    const int64_t unit = seeds * set.items, common = std::gcd(scale, unit);
    scale = scale / common > kLargestScale / unit ? 0 : scale / common * unit;
  }
  const bool fits = scale != 0 && largest * pairs * static_cast<double>(scale) < static_cast<double>(kLargestSum);
  std::vector<int64_t> whole;
  std::vector<double> real;
  for (const auto& set : sets) {
    const auto seeds = static_cast<int64_t>(set.won.size());
    for (const int64_t won : set.won) {
      if (fits)
        whole.push_back(won * (scale / (seeds * set.items)));
      else
        real.push_back(static_cast<double>(won) / (static_cast<double>(seeds) * static_cast<double>(set.items)));
    }
  }
  return fits ? sign_flip(std::span<const int64_t>(whole), tail, random)
              : sign_flip(std::span<const double>(real), tail, random);
}

}  // namespace graft::statistics
