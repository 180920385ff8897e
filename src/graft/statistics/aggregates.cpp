#include "graft/statistics/aggregates.h"

#include <algorithm>
#include <numeric>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

double better(double first, double second) {
  return first > second ? 1 : first == second ? 0.5 : 0;
}

void require_same_tasks(const RunScores& first, const RunScores& second) {
  require_table("score of the first (runs x tasks)", first.values, first.runs, first.tasks);
  require_table("score of the second (runs x tasks)", second.values, second.runs, second.tasks);
  if (first.tasks != second.tasks)
    throw UsageError("statistics", "{} tasks against {}: expected the same.", first.tasks, second.tasks);
}

void draw_runs(const RunScores& from, const Random& random, std::vector<double>& to) {
  to.resize(from.values.size());
  const auto tasks = static_cast<uint64_t>(from.tasks), runs = static_cast<uint64_t>(from.runs);
  for (uint64_t task = 0; task < tasks; ++task) {
    const Random stream = random.fork(task);
    for (uint64_t run = 0; run < runs; ++run)
      to[run * tasks + task] = from.values[stream.fork(run).below(runs) * tasks + task];
  }
}

}  // namespace

double interquartile_mean(std::span<const double> values) {
  require_count("values of an interquartile mean", static_cast<int64_t>(values.size()), 1);
  require_finite("score", values);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const auto cut = static_cast<std::ptrdiff_t>(sorted.size() / 4);
  return std::accumulate(sorted.begin() + cut, sorted.end() - cut, 0.0) /
         static_cast<double>(static_cast<std::ptrdiff_t>(sorted.size()) - 2 * cut);
}

double optimality_gap(std::span<const double> values, double gamma) {
  require_count("values of an optimality gap", static_cast<int64_t>(values.size()), 1);
  require_finite("score", values);
  double sum = 0;
  for (const double value : values)
    sum += std::min(value, gamma);
  return gamma - sum / static_cast<double>(values.size());
}

double probability_of_improvement(const RunScores& first, const RunScores& second) {
  require_same_tasks(first, second);
  const auto tasks = static_cast<size_t>(first.tasks);
  double sum = 0;
  for (size_t i = 0; i < first.values.size(); ++i) {
    for (size_t j = i % tasks; j < second.values.size(); j += tasks)
      sum += better(first.values[i], second.values[j]);
  }
  return sum / (static_cast<double>(first.values.size()) * static_cast<double>(second.runs));
}

double paired_probability_of_improvement(const RunScores& first, const RunScores& second) {
  require_same_tasks(first, second);
  if (first.runs != second.runs)
    throw UsageError("statistics", "{} runs against {}: expected pairs.", first.runs, second.runs);
  double sum = 0;
  for (size_t i = 0; i < first.values.size(); ++i)
    sum += better(first.values[i], second.values[i]);
  return sum / static_cast<double>(first.values.size());
}

std::vector<double> run_profile(std::span<const double> values, std::span<const double> taus) {
  require_count("values of a profile", static_cast<int64_t>(values.size()), 1);
  require_finite("score", values);
  std::vector<double> shares;
  for (const double tau : taus) {
    const auto above = std::count_if(values.begin(), values.end(), [tau](double value) { return value > tau; });
    shares.push_back(static_cast<double>(above) / static_cast<double>(values.size()));
  }
  return shares;
}

std::vector<double> average_profile(const RunScores& scores, std::span<const double> taus) {
  require_table("score (runs x tasks)", scores.values, scores.runs, scores.tasks);
  std::vector<double> means(static_cast<size_t>(scores.tasks));
  for (size_t i = 0; i < scores.values.size(); ++i)
    means[i % means.size()] += scores.values[i];
  for (double& mean : means)
    mean /= static_cast<double>(scores.runs);
  return run_profile(means, taus);
}

std::vector<double> stratified_bootstrap(const RunScores& scores,
                                         const std::function<double(const RunScores&)>& statistic, int64_t resamples,
                                         const Random& random) {
  require_table("score (runs x tasks)", scores.values, scores.runs, scores.tasks);
  require_count("resamples", resamples, 1);
  std::vector<double> distribution(static_cast<size_t>(resamples)), drawn;
  for (size_t replicate = 0; replicate < distribution.size(); ++replicate) {
    draw_runs(scores, random.fork(replicate), drawn);
    distribution[replicate] = statistic({drawn, scores.runs, scores.tasks});
  }
  return distribution;
}

std::vector<double> stratified_bootstrap(const RunScores& first, const RunScores& second,
                                         const std::function<double(const RunScores&, const RunScores&)>& statistic,
                                         int64_t resamples, const Random& random) {
  require_same_tasks(first, second);
  require_count("resamples", resamples, 1);
  std::vector<double> distribution(static_cast<size_t>(resamples)), one, two;
  for (size_t replicate = 0; replicate < distribution.size(); ++replicate) {
    draw_runs(first, random.fork(replicate).fork("first"), one);
    draw_runs(second, random.fork(replicate).fork("second"), two);
    distribution[replicate] = statistic({one, first.runs, first.tasks}, {two, second.runs, second.tasks});
  }
  return distribution;
}

}  // namespace graft::statistics
