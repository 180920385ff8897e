#include "graft/study/search.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "graft/core/error.h"
#include "graft/statistics/search_effort.h"

namespace graft::study {

GroupSearch::GroupSearch(const Spec& spec, Cell group, int64_t full, std::string unit)
    : group_(std::move(group)),
      search_(spec.search),
      metric_(spec.question.metric),
      unit_(std::move(unit)),
      ranges_(ranges_of(spec.search, group_.method, searched_options(spec.method(group_.method)))) {
  if (search_.kind == SearchKind::halving && full > 0) {
    for (const auto& rung : statistics::successive_halving(trials(), 1, full, search_.eta, true))
      rungs_.push_back({rung.configurations, rung.budget});
  } else {
    rungs_.push_back({trials(), 0});
  }
}

int64_t GroupSearch::trials() const {
  return ranges_.empty() ? 1 : search_.trials;
}

std::vector<Cell> GroupSearch::runs_of(const std::vector<int64_t>& trials, int64_t rung) const {
  std::vector<Cell> runs;
  for (const auto trial : trials) {
    for (int64_t seed = 0; seed < search_.seeds; ++seed) {
      Cell run = group_;
      run.seed = kFirstSearchSeed + seed;
      run.trial = trial;
      run.rung = rung;
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

int64_t GroupSearch::planned_runs() const {
  if (trials() == 1) return 0;
  int64_t all = 0;
  for (const auto& rung : rungs_)
    all += rung.configurations * search_.seeds;
  return all;
}

std::optional<double> GroupSearch::score(int64_t trial, int64_t rung, const ResultOf& result_of) const {
  double sum = 0;
  for (const auto& run : runs_of({trial}, rung)) {
    const auto* result = result_of(run);
    if (!result || result->outcome == Outcome::failed) return {};
    if (result->outcome == Outcome::diverged) return -std::numeric_limits<double>::infinity();
    const auto found = result->val_scores.find(metric_);
    if (found == result->val_scores.end()) {
      throw DataError("compare",
                      "{}: there is no '{}' on a validation split, and a search chooses by that alone. Give the data "
                      "set one, or leave 'search' out.",
                      print(run), metric_);
    }
    sum += found->second;
  }
  return sum / static_cast<double>(search_.seeds);
}

std::optional<std::vector<int64_t>> GroupSearch::order(const std::vector<int64_t>& trials, int64_t rung,
                                                       const ResultOf& result_of) const {
  std::vector<std::pair<double, int64_t>> scored;
  for (const auto trial : trials) {
    const auto value = score(trial, rung, result_of);
    if (!value) return {};
    scored.emplace_back(-*value, trial);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<int64_t> best_first;
  for (const auto& [value, trial] : scored)
    best_first.push_back(trial);
  return best_first;
}

std::vector<Cell> GroupSearch::runs(const ResultOf& result_of) const {
  std::vector<Cell> all;
  if (trials() == 1) return all;
  std::vector<int64_t> trials;
  for (int64_t trial = 1; trial <= this->trials(); ++trial)
    trials.push_back(trial);
  for (size_t rung = 0; rung < rungs_.size(); ++rung) {
    trials.resize(static_cast<size_t>(rungs_[rung].configurations));
    const auto own = runs_of(trials, static_cast<int64_t>(rung));
    all.insert(all.end(), own.begin(), own.end());
    const auto best_first = order(trials, static_cast<int64_t>(rung), result_of);
    if (!best_first) break;
    trials = *best_first;
  }
  return all;
}

std::optional<int64_t> GroupSearch::winner(const ResultOf& result_of) const {
  if (trials() == 1) return 1;
  std::vector<int64_t> trials;
  for (const auto& run : runs(result_of)) {
    if (run.rung + 1 == static_cast<int64_t>(rungs_.size()) && (trials.empty() || trials.back() != run.trial))
      trials.push_back(run.trial);
  }
  if (trials.empty()) return {};
  const auto best_first = order(trials, static_cast<int64_t>(rungs_.size()) - 1, result_of);
  if (!best_first) return {};
  return best_first->front();
}

OptionValues GroupSearch::options(const Cell& run) const {
  auto values = options(run.trial);
  if (const auto budget = rungs_[static_cast<size_t>(run.rung)].budget; budget > 0)
    values[unit_] = std::to_string(budget);
  return values;
}

}  // namespace graft::study
