// Schedules of successive halving, in whole numbers.
#include <algorithm>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/search_effort.h"

namespace graft::statistics {
namespace {

int64_t whole_log(int64_t value, int64_t base) {  // the largest e with base^e <= value
  int64_t exponent = 0;
  for (; value >= base; value /= base)
    ++exponent;
  return exponent;
}

int64_t whole_power(int64_t base, int64_t exponent) {
  int64_t power = 1;
  for (; exponent > 0; --exponent)
    power *= base;
  return power;
}

int64_t ceil_divided(int64_t value, int64_t by) {
  return value / by + (value % by != 0);
}

}  // namespace

std::vector<Rung> successive_halving(int64_t configurations, int64_t least, int64_t most, int64_t eta, bool exhaust) {
  require_count("configurations", configurations, 1);
  require_count("eta", eta, 2);
  require_count("the first budget", least, 1);
  if (least > most)
    throw UsageError("statistics", "a first budget of {} and at most {}: expected the first to be no larger.", least,
                     most);
  const int64_t wanted = 1 + whole_log(configurations, eta);
  if (exhaust) least = std::max(least, most / whole_power(eta, std::min(wanted - 1, whole_log(most, eta))));
  const int64_t rungs = std::min(wanted, 1 + whole_log(most / least, eta));
  std::vector<Rung> schedule;
  for (int64_t i = 0; i < rungs; ++i) {
    schedule.push_back({configurations, std::min(most, least * whole_power(eta, i))});
    configurations = ceil_divided(configurations, eta);
  }
  return schedule;
}

std::vector<Rung> halving_of_total(int64_t configurations, int64_t total) {
  require_count("configurations", configurations, 1);
  int64_t rungs = 0;
  while (whole_power(2, rungs) < configurations)
    ++rungs;
  rungs = std::max<int64_t>(rungs, 1);
  require_count("total budget", total, configurations * rungs);
  std::vector<Rung> schedule;
  for (int64_t i = 0; i < rungs; ++i) {
    schedule.push_back({configurations, total / (configurations * rungs)});
    configurations = ceil_divided(configurations, 2);
  }
  return schedule;
}

std::vector<std::vector<Rung>> hyperband(int64_t most, int64_t eta) {
  require_count("the full budget", most, 1);
  require_count("eta", eta, 2);
  const int64_t brackets = whole_log(most, eta);
  std::vector<std::vector<Rung>> result;
  for (int64_t s = brackets; s >= 0; --s) {
    const int64_t configurations = ceil_divided((brackets + 1) * whole_power(eta, s), s + 1);
    std::vector<Rung> bracket;
    for (int64_t i = 0; i <= s; ++i)
      bracket.push_back({configurations / whole_power(eta, i), most / whole_power(eta, s - i)});
    result.push_back(std::move(bracket));
  }
  return result;
}

}  // namespace graft::statistics
