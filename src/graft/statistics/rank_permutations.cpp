#include "graft/statistics/rank_permutations.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/shuffle.h"

namespace graft::statistics {
namespace {

constexpr int64_t kDrawnTables = 99'999;
constexpr double kMostSteps = 3e8;

int64_t squared_sums(const std::vector<int64_t>& sums) {
  int64_t squares = 0;
  for (const int64_t sum : sums)
    squares += sum * sum;
  return squares;
}

// The law of the rank sums of all methods but the last (which follows from the rest) is a dense table, `width` places a
// method. Each different order of a set's ranks is as likely. The first set's is held: the statistic is the same for
// all.
double counted_p(const RankTable& ranks, int64_t observed, int64_t unit, int64_t width) {
  const size_t k = ranks.front().size(), sets = ranks.size(), free = k - 1;
  size_t places = 1;
  for (size_t j = 0; j < free; ++j)
    places *= static_cast<size_t>(width);
  std::vector<double> share(places), next(places);
  const auto place_of = [&](const std::vector<int64_t>& row) {  // what adding this row moves a place by
    size_t place = 0;
    for (size_t j = 0; j < free; ++j)
      place = place * static_cast<size_t>(width) + static_cast<size_t>((row[j] - 2) / unit);
    return place;
  };
  share[place_of(ranks.front())] = 1;
  size_t reached = place_of(ranks.front());
  for (size_t set = 1; set < sets; ++set) {
    auto row = ranks[set];
    std::sort(row.begin(), row.end());
    std::vector<size_t> moves;
    do {
      moves.push_back(place_of(row));
    } while (std::next_permutation(row.begin(), row.end()));
    std::fill(next.begin(), next.end(), 0);
    const double each = 1 / static_cast<double>(moves.size());
    for (size_t place = 0; place <= reached; ++place) {
      if (share[place] == 0) continue;
      for (const size_t move : moves)
        next[place + move] += share[place] * each;
    }
    reached += *std::max_element(moves.begin(), moves.end());
    share.swap(next);
  }
  const int64_t total = static_cast<int64_t>(sets * k * (k + 1));  // of doubled ranks
  double p = 0;
  std::vector<int64_t> sums(k);
  for (size_t place = 0; place < places; ++place) {
    if (share[place] == 0) continue;
    size_t rest = place;
    int64_t given = 0;
    for (size_t j = free; j-- > 0;) {
      sums[j] = static_cast<int64_t>(rest % static_cast<size_t>(width)) * unit + 2 * static_cast<int64_t>(sets);
      rest /= static_cast<size_t>(width);
      given += sums[j];
    }
    sums[free] = total - given;
    if (squared_sums(sums) >= observed) p += share[place];
  }
  return std::min(1.0, p);
}

}  // namespace

PermutationP permutation_p(const RankTable& ranks, const Random& random) {
  const size_t k = ranks.front().size();
  std::vector<int64_t> sums(k);
  int64_t unit = 0;  // what all ranks less the first are multiples of: 2 without ties
  for (const auto& row : ranks) {
    for (size_t j = 0; j < k; ++j) {
      sums[j] += row[j];
      unit = std::gcd(unit, row[j] - 2);
    }
  }
  const int64_t observed = squared_sums(sums);
  if (unit == 0) unit = 1;
  const int64_t width = 2 * static_cast<int64_t>((k - 1) * ranks.size()) / unit + 1;
  constexpr double kOrders[] = {1, 1, 2, 6, 24};
  if (k <= 4 && std::pow(static_cast<double>(width), static_cast<double>(k - 1)) * kOrders[k] *
                        static_cast<double>(ranks.size()) <=
                    kMostSteps) {
    return {counted_p(ranks, observed, unit, width), true};
  }
  int64_t as_far = 0;
  for (int64_t draw = 0; draw < kDrawnTables; ++draw) {
    Random stream = random.fork(static_cast<uint64_t>(draw));
    std::fill(sums.begin(), sums.end(), 0);
    for (auto row : ranks) {
      shuffle(row, stream);
      for (size_t j = 0; j < k; ++j)
        sums[j] += row[j];
    }
    as_far += squared_sums(sums) >= observed;
  }
  return {static_cast<double>(as_far + 1) / static_cast<double>(kDrawnTables + 1), false};
}

}  // namespace graft::statistics
