#include "graft/statistics/crossed.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "graft/core/error.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/students.h"

namespace graft::statistics {
namespace {

// A set with its items summed by group: what a replicate reads.
struct GroupedSet {
  size_t seeds = 0;
  std::vector<double> sums;   // groups x seeds
  std::vector<double> sizes;  // items of each group
};

GroupedSet grouped(const CrossedSet& set) {
  require_table("differences of a set (seeds x items)", set.differences, set.seeds, set.items);
  if (!set.groups.empty() && set.groups.size() != static_cast<size_t>(set.items))
    throw UsageError("statistics", "{} numbers of groups for {} items: expected one an item.", set.groups.size(),
                     set.items);
  GroupedSet result;
  result.seeds = static_cast<size_t>(set.seeds);
  std::unordered_map<int64_t, size_t> place;
  const auto items = static_cast<size_t>(set.items);
  for (size_t i = 0; i < items; ++i) {
    const size_t next = result.sizes.size();
    const size_t group = set.groups.empty() ? next : place.try_emplace(set.groups[i], next).first->second;
    if (group == next) {
      result.sizes.push_back(0);
      result.sums.resize(result.sums.size() + result.seeds);
    }
    result.sizes[group] += 1;
    for (size_t s = 0; s < result.seeds; ++s)
      result.sums[group * result.seeds + s] += set.differences[s * items + i];
  }
  return result;
}

double drawn_mean(const GroupedSet& set, Random random, std::vector<double>& times) {
  times.assign(set.seeds, 0);
  Random seeds = random.fork("seeds"), items = random.fork("items");
  for (size_t s = 0; s < set.seeds; ++s)
    times[seeds.below(set.seeds)] += 1;
  double sum = 0, count = 0;
  for (size_t i = 0; i < set.sizes.size(); ++i) {
    const size_t group = items.below(set.sizes.size());
    count += set.sizes[group];
    for (size_t s = 0; s < set.seeds; ++s)
      sum += times[s] * set.sums[group * set.seeds + s];
  }
  return sum / (count * static_cast<double>(set.seeds));
}

}  // namespace

Crossed crossed_interval(std::span<const double> differences, int64_t seeds, int64_t items, double confidence) {
  require_level("a confidence", confidence);
  require_count("seeds", seeds, 2);
  require_count("items", items, 2);
  require_table("difference", differences, seeds, items);
  const auto rows = static_cast<size_t>(seeds), columns = static_cast<size_t>(items);
  const double S = static_cast<double>(seeds), I = static_cast<double>(items);
  std::vector<double> row(rows), column(columns);
  for (size_t s = 0; s < rows; ++s) {
    for (size_t i = 0; i < columns; ++i) {
      row[s] += differences[s * columns + i] / I;
      column[i] += differences[s * columns + i] / S;
    }
  }
  Crossed result;
  result.mean = std::accumulate(row.begin(), row.end(), 0.0) / S;
  for (const double mean : row)
    result.seeds += I * (mean - result.mean) * (mean - result.mean) / (S - 1);
  for (const double mean : column)
    result.items += S * (mean - result.mean) * (mean - result.mean) / (I - 1);
  double squares = 0;
  for (size_t s = 0; s < rows; ++s) {
    for (size_t i = 0; i < columns; ++i) {
      const double rest = differences[s * columns + i] - row[s] - column[i] + result.mean;
      squares += rest * rest;
    }
  }
  result.rest = squares / ((S - 1) * (I - 1));
  const double sum = result.seeds + result.items - result.rest;
  result.variance = std::max({sum, result.seeds, result.items}) / (S * I);
  if (is_rounding(std::sqrt(result.seeds + result.items + result.rest), differences)) {
    result.identical = true;
    result.interval = {result.mean, result.mean};
    return result;
  }
  const double below = result.seeds * result.seeds / (S - 1) + result.items * result.items / (I - 1) +
                       result.rest * result.rest / ((S - 1) * (I - 1));
  result.freedom = std::max(1.0, sum * sum / below);
  const double half = t_quantile(1 - (1 - confidence) / 2, result.freedom) * std::sqrt(result.variance);
  result.interval = {result.mean - half, result.mean + half};
  return result;
}

std::vector<double> crossed_bootstrap(std::span<const CrossedSet> sets, SetDrawing drawing, int64_t resamples,
                                      const Random& random) {
  require_count("sets", static_cast<int64_t>(sets.size()), 1);
  require_count("resamples", resamples, 1);
  std::vector<GroupedSet> read;
  for (const auto& set : sets)
    read.push_back(grouped(set));
  std::vector<double> means(static_cast<size_t>(resamples)), times;
  for (size_t replicate = 0; replicate < means.size(); ++replicate) {
    const Random stream = random.fork(replicate);
    Random chosen = stream.fork("sets");
    double sum = 0;
    for (size_t k = 0; k < read.size(); ++k) {
      const size_t set = drawing == SetDrawing::drawn ? chosen.below(read.size()) : k;
      sum += drawn_mean(read[set], stream.fork(k), times);
    }
    means[replicate] = sum / static_cast<double>(read.size());
  }
  return means;
}

}  // namespace graft::statistics
