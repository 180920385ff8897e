#include "graft/study/search_effort.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "graft/statistics/search_effort.h"
#include "graft/study/search_space.h"

namespace graft::study {
namespace {

double score(const std::map<std::string, double>& scores, const std::string& metric) {
  const auto found = scores.find(metric);
  return found == scores.end() ? 0 : found->second;  // a run that diverged is right for no example
}

struct Trial {
  double validation = 0, test = 0, seeds = 0;
};

}  // namespace

std::vector<SearchEffort> search_efforts(const Spec& spec, const std::map<Cell, RunResult>& results) {
  std::vector<SearchEffort> efforts;
  if (spec.search.trials == 0) return efforts;
  const auto& metric = spec.question.metric;
  for (const auto& method : spec.methods) {
    if (method.options.at("method") == kZeroShot) continue;
    const auto ranges = ranges_of(spec.search, method.name, searched_options(method));
    SearchEffort effort{.method = method.name, .configurations = ranges.empty() ? 1 : spec.search.trials};
    std::vector<std::string> space;
    for (const auto& range : ranges)
      space.push_back(print(range));
    effort.space = fmt::format("{}", fmt::join(space, "; "));
    std::map<Cell, std::map<int64_t, Trial>> groups;
    std::map<Cell, const RunResult*> compared;
    for (const auto& [cell, result] : results) {
      if (cell.method != method.name || result.outcome == Outcome::failed) continue;
      if (cell.trial == 0) {
        compared.emplace(group_of(cell), &result);
        continue;
      }
      ++effort.runs;
      effort.steps += result.steps;
      effort.seconds += result.seconds;
      auto& trial = groups[group_of(cell)][cell.trial];
      trial.validation += score(result.val_scores, metric);
      trial.test += score(result.scores, metric);
      ++trial.seeds;
    }
    if (!ranges.empty()) {
      for (const auto& [group, result] : compared) {
        const auto own = options_of(spec, result->cell);
        std::vector<std::string> said;
        for (const auto& range : ranges) {
          const auto now = result->options.find(range.option), before = own.find(range.option);
          if (now != result->options.end() && (before == own.end() || before->second != now->second))
            said.push_back(range.option + " " + now->second);
        }
        ++effort.groups;
        effort.kept += said.empty();
        const std::string where = spec.models.size() > 1 ? group.model + " · " + group.data : group.data;
        effort.chosen.emplace_back(where + ", " + shots_text(group.shots),
                                   said.empty() ? "as it is" : fmt::format("{}", fmt::join(said, ", ")));
      }
    }
    int64_t whole = 0;
    for (const auto& [group, trials] : groups) {
      if (spec.search.kind != SearchKind::random || static_cast<int64_t>(trials.size()) != spec.search.trials) continue;
      std::vector<double> validation, test;
      for (const auto& [number, trial] : trials) {
        validation.push_back(trial.validation / trial.seeds);
        test.push_back(trial.test / trial.seeds);
      }
      effort.best_of.resize(validation.size());
      for (size_t n = 1; n <= validation.size(); ++n)
        effort.best_of[n - 1] +=
            statistics::expected_test_of_best(validation, test, static_cast<int64_t>(n), statistics::BestOf::unbiased);
      ++whole;
    }
    for (auto& value : effort.best_of)
      value /= static_cast<double>(whole);
    efforts.push_back(std::move(effort));
  }
  return efforts;
}

std::string unequal_efforts(const std::vector<SearchEffort>& efforts) {
  const auto fewer = [](const auto& a, const auto& b) { return a.configurations < b.configurations; };
  const auto [least, most] = std::minmax_element(efforts.begin(), efforts.end(), fewer);
  if (efforts.empty() || least->configurations == most->configurations) return "";
  std::vector<std::string> said;
  for (const auto& effort : efforts)
    said.push_back(fmt::format("{} {}", effort.method, effort.configurations));
  return fmt::format("configurations that each method saw: {}", fmt::join(said, ", "));
}

std::string print(const SearchEffort& effort) {
  if (effort.configurations == 1) return "1 configuration: the space has none of its options";
  return fmt::format("{} configurations of {} · {:L} runs, {:L} steps, {:.0f} s · its own options won in {} of {}",
                     effort.configurations, effort.space, effort.runs, effort.steps, effort.seconds, effort.kept,
                     effort.groups);
}

}  // namespace graft::study
