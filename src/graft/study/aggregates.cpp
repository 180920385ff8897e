#include "graft/study/aggregates.h"

#include <algorithm>
#include <cmath>

#include "graft/core/random.h"
#include "graft/statistics/aggregates.h"
#include "graft/statistics/bootstrap.h"

namespace graft::study {
namespace {

using statistics::RunScores;

constexpr int64_t kResamples = 9'999, kProfileResamples = 1'999;
constexpr size_t kLevels = 41;

RunScores table_of(const MethodScores& scores) {
  return {scores.values, static_cast<int64_t>(scores.seeds.size()), scores.tasks};
}

MethodAggregate aggregate_of(const MethodScores& scores, const std::vector<double>& levels, const Random& random) {
  const auto table = table_of(scores);
  MethodAggregate one{.method = scores.method, .runs = static_cast<int64_t>(scores.values.size())};
  one.interquartile_mean = statistics::interquartile_mean(scores.values);
  one.profile = statistics::run_profile(scores.values, levels);
  if (table.runs < 2) return one;
  const auto mean = [](const RunScores& drawn) { return statistics::interquartile_mean(drawn.values); };
  one.interval =
      statistics::percentile_interval(statistics::stratified_bootstrap(table, mean, kResamples, random.fork("mean")));
  std::vector<std::vector<double>> shares(levels.size());
  const auto profile = [&](const RunScores& drawn) {
    const auto above = statistics::run_profile(drawn.values, levels);
    for (size_t i = 0; i < above.size(); ++i)
      shares[i].push_back(above[i]);
    return above.front();
  };
  statistics::stratified_bootstrap(table, profile, kProfileResamples, random.fork("profile"));
  for (const auto& drawn : shares) {
    const auto interval = statistics::percentile_interval(drawn);
    one.band.emplace_back(interval.low, interval.high);
  }
  return one;
}

Improvement improvement_of(const MethodScores& first, const MethodScores& second, const Random& random) {
  Improvement one{.first = first.method, .second = second.method};
  const auto a = table_of(first), b = table_of(second);
  const auto runs = std::max(a.runs, b.runs);
  one.paired = first.seeds == second.seeds && first.seeds.front() != 0;
  if (!one.paired) {
    one.share = statistics::probability_of_improvement(a, b);
    if (runs > 1)
      one.interval = statistics::percentile_interval(
          statistics::stratified_bootstrap(a, b, statistics::probability_of_improvement, kResamples, random));
    return one;
  }
  std::vector<double> wins;  // of each pair 1, 0 or a half: their mean is the share
  for (size_t i = 0; i < first.values.size(); ++i)
    wins.push_back(first.values[i] > second.values[i] ? 1 : first.values[i] == second.values[i] ? 0.5 : 0);
  const auto mean = [](const RunScores& drawn) {
    double sum = 0;
    for (const double win : drawn.values)
      sum += win;
    return sum / static_cast<double>(drawn.values.size());
  };
  one.share = statistics::paired_probability_of_improvement(a, b);
  if (runs > 1)
    one.interval = statistics::percentile_interval(
        statistics::stratified_bootstrap({wins, a.runs, a.tasks}, mean, kResamples, random));
  return one;
}

}  // namespace

std::vector<MethodScores> scores_of(const Design& design, ResultReader& reader) {
  std::vector<MethodScores> all;
  for (const auto& method : design.methods) {
    MethodScores scores{.method = method};
    scores.tasks = static_cast<int64_t>(reader.columns().size() * design.shots.size());
    for (const auto seed : reader.seedless(method) ? std::vector<int64_t>{0} : design.seeds) {
      std::vector<double> row;
      for (const auto shots : design.shots) {
        for (const auto& column : reader.columns()) {
          const auto* run = reader.find(reader.cell(method, column, shots, seed));
          if (run && std::isfinite(reader.metric(*run))) row.push_back(reader.metric(*run));
        }
      }
      if (static_cast<int64_t>(row.size()) != scores.tasks) continue;
      scores.seeds.push_back(seed);
      scores.values.insert(scores.values.end(), row.begin(), row.end());
    }
    if (!scores.seeds.empty()) all.push_back(std::move(scores));
  }
  return all;
}

std::optional<Aggregates> aggregates_of(const StudyOutcome& outcome) {
  const auto& scores = outcome.scores;
  if (scores.size() < 2 || std::all_of(scores.begin(), scores.end(), [](const auto& s) { return s.seeds.size() < 2; }))
    return {};
  double low = scores.front().values.front(), high = low;
  for (const auto& one : scores) {
    for (const double value : one.values) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  const double margin = high > low ? (high - low) / 20 : 0.01;  // so that curves begin at all runs and end at none
  Aggregates all;
  for (size_t i = 0; i < kLevels; ++i)
    all.levels.push_back(low - margin + (high - low + 2 * margin) * static_cast<double>(i) / (kLevels - 1));
  const Random random = Random(1).fork(outcome.name).fork("aggregates");
  for (const auto& one : scores)
    all.methods.push_back(aggregate_of(one, all.levels, random.fork(one.method)));
  const auto find = [&](const std::string& method) {
    return std::find_if(scores.begin(), scores.end(), [&](const auto& s) { return s.method == method; });
  };
  for (const auto& comparison : outcome.comparisons) {
    const auto first = find(comparison.first), second = find(comparison.second);
    if (first == scores.end() || second == scores.end()) continue;
    all.improvements.push_back(improvement_of(*first, *second, random.fork(comparison.first).fork(comparison.second)));
  }
  return all;
}

}  // namespace graft::study
