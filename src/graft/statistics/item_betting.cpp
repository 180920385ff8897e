#include "graft/statistics/item_betting.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "graft/core/error.h"
#include "graft/statistics/e_values.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/log_wealth.h"

namespace graft::statistics {
namespace {

constexpr size_t kStakes = 10;

void require_in_range(std::span<const double> differences) {
  for (size_t i = 0; i < differences.size(); ++i) {
    if (!(differences[i] >= -1 && differences[i] <= 1))
      throw DataError("statistics", "difference {} of {} is {}: expected a number from -1 to 1.", i + 1,
                      differences.size(), differences[i]);
  }
}

// The stakes never change, so the wealth depends on how often each difference came, not on the order.
using Counts = std::map<double, int64_t>;

void add_logs(std::array<double, 2 * kStakes>& logs, double difference, double m, double times) {
  for (size_t k = 0; k < kStakes; ++k) {
    const double stake = static_cast<double>(k + 1) / (kStakes + 1);
    logs[k] += times * std::log1p(stake * (difference - m) / (1 + m));
    logs[kStakes + k] += times * std::log1p(-stake * (difference - m) / (1 - m));
  }
}

// The wealth is convex in m (each product is), and at most 1 where m is the mean: what is not refuted is an interval
// around the mean.
bool refutes(const Counts& counts, double m, double alpha) {
  if (m <= -1) return counts.rbegin()->first > -1;
  if (m >= 1) return counts.begin()->first < 1;
  std::array<double, 2 * kStakes> logs{};
  for (const auto& [difference, times] : counts)
    add_logs(logs, difference, m, static_cast<double>(times));
  return mean_of_exponentials(logs) * alpha >= 1;
}

double end_between(const Counts& counts, double outside, double inside, double alpha) {
  while (true) {
    const double middle = outside + (inside - outside) / 2;
    if (middle == outside || middle == inside) return inside;
    (refutes(counts, middle, alpha) ? outside : inside) = middle;
  }
}

}  // namespace

void ItemBetting::add(double difference) {
  require_in_range(std::span<const double>(&difference, 1));
  ++state_.items;
  add_logs(state_.log_wealth, difference, 0, 1);
  state_.largest = std::max(state_.largest, value());
}

double ItemBetting::value() const {
  return mean_of_exponentials(state_.log_wealth);
}

double ItemBetting::anytime_p() const {
  return statistics::anytime_p(state_.largest);
}

double item_betting_value(std::span<const double> differences, double m) {
  require_in_range(differences);
  if (!(m > -1 && m < 1)) throw UsageError("statistics", "a mean of {}: expected a number between -1 and 1.", m);
  std::array<double, 2 * kStakes> logs{};
  for (const double difference : differences)
    add_logs(logs, difference, m, 1);
  return mean_of_exponentials(logs);
}

Interval item_betting_interval(std::span<const double> differences, double alpha) {
  require_in_range(differences);
  require_level("alpha", alpha);
  Counts counts;
  double sum = 0;
  for (const double difference : differences) {
    ++counts[difference];
    sum += difference;
  }
  Interval interval{-1, 1};
  if (counts.empty()) return interval;
  const double mean = std::clamp(sum / static_cast<double>(differences.size()), -1.0, 1.0);
  if (refutes(counts, -1, alpha)) interval.low = end_between(counts, -1, mean, alpha);
  if (refutes(counts, 1, alpha)) interval.high = end_between(counts, 1, mean, alpha);
  return interval;
}

std::optional<Interval> item_betting_sequence(std::span<const double> differences, double alpha) {
  require_in_range(differences);
  require_level("alpha", alpha);
  Interval left{-1, 1};
  Counts counts;
  double sum = 0, count = 0;
  for (const double difference : differences) {
    ++counts[difference];
    sum += difference;
    const double mean = std::clamp(sum / ++count, -1.0, 1.0);
    const bool low = refutes(counts, left.low, alpha), high = refutes(counts, left.high, alpha);
    if ((low && mean <= left.low && left.low > -1) || (high && mean >= left.high && left.high < 1)) return std::nullopt;
    if (low) left.low = end_between(counts, left.low, mean, alpha);
    if (high) left.high = end_between(counts, left.high, mean, alpha);
    if (left.low > left.high) return std::nullopt;
  }
  return left;
}

}  // namespace graft::statistics
