#include "graft/study/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <thread>
#include <utility>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/signals.h"
#include "graft/engine/compute_threads.h"
#include "graft/engine/options.h"
#include "graft/engine/run_config.h"
#include "graft/engine/run_record.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/study/budget.h"
#include "graft/study/compute_run.h"
#include "graft/tasks/accuracy.h"

namespace graft::study {
namespace {

constexpr auto kWait = std::chrono::milliseconds(200);

}  // namespace

Shard parse_shard(const std::string& text) {
  const auto bad = [&] {
    return ConfigError("compare", "--shard: expected NUMBER/OF as in 3/16, the number from 1, got '{}'.", text);
  };
  const auto slash = text.find('/');
  const std::string digits = "0123456789";
  if (slash == std::string::npos || slash == 0 || text.size() > 12 || text.find_first_not_of(digits) != slash ||
      text.find_first_not_of(digits, slash + 1) != std::string::npos || slash + 1 == text.size()) {
    throw bad();
  }
  const Shard shard{std::stoll(text.substr(0, slash)), std::stoll(text.substr(slash + 1))};
  if (shard.number < 1 || shard.number > shard.of) throw bad();
  return shard;
}

Runner::Runner(const Spec& spec, StudyFolder& folder, const engine::Host& host, Reporter& report)
    : spec_(spec), folder_(folder), host_(host), report_(report), places_(host, report) {}

// The groups of a place are looked at while it is open.
void Runner::open_groups() {
  std::map<std::string, std::vector<Cell>> by_place;
  std::vector<std::string> order;
  for (const auto& cell : cells_of(spec_)) {
    const Cell group = group_of(cell);
    if (groups_.count(group)) continue;
    auto& opened = groups_[group];
    opened.number = static_cast<int64_t>(groups_.size()) - 1;
    opened.place = place_key(options_of(spec_, cell));
    if (!by_place.count(opened.place)) order.push_back(opened.place);
    by_place[opened.place].push_back(cell);
  }
  for (const auto& place : order) {
    for (const auto& cell : by_place.at(place)) {
      auto& group = groups_.at(group_of(cell));
      const PlannedRun run{.cell = cell, .options = options_of(spec_, cell), .place = place, .identity = ""};
      if (!places_.is_known(place)) places_.open(run.options);
      if (is_zero_shot(run.options)) continue;
      if (spec_.budget.parameters > 0 || spec_.budget.seconds > 0) solve_budget(group, run);
      if (spec_.search.trials == 0) continue;
      if (cell.shots == 0 && places_.open(run.options).session->dataset().val.empty()) {
        throw DataError("compare",
                        "{} has no validation split, and a search chooses by that alone. Give it one, or say `shots`, "
                        "which leaves some examples for it, or leave `search` out.",
                        cell.data);
      }
      FullLength full;
      if (spec_.search.kind == SearchKind::halving) {
        auto& opened = places_.open(run.options);
        full = full_length(*opened.session, plan(cell, group, {}).options, opened.inside);
      }
      group.search.emplace(spec_, group_of(cell), full.count, full.unit);
    }
  }
}

// One process measures, and the others take its answer.
SolvedBudget Runner::solve_seconds_once(Place& place, const OptionValues& run) {
  const std::string key = Hash().add(places_.identity(run)).add(option::print(spec_.budget.seconds)).hex();
  for (;; std::this_thread::sleep_for(kWait)) {
    stop_if_asked();
    const auto claim = folder_.writes() ? folder_.claim(key) : std::optional<StudyFolder::Claim>();
    if (auto kept = folder_.solved(key); !kept.empty()) {
      SolvedBudget solved{.options = {}, .said = kept["said"]};
      kept.erase("said");
      solved.options = std::move(kept);
      return solved;
    }
    if (folder_.writes() && !claim) continue;
    engine::set_compute_threads(model_options(run).threads, host_, place.inside);
    auto solved = solve_seconds(spec_.budget.seconds, *place.session, run, place.inside);
    if (folder_.writes()) {
      auto kept = solved.options;
      kept["said"] = solved.said;
      folder_.add_solved(key, kept);
    }
    return solved;
  }
}

void Runner::solve_budget(Group& group, const PlannedRun& run) {
  auto& place = places_.open(run.options);
  const std::string who = place.inside.who = print(group_of(run.cell));
  const auto solved = spec_.budget.parameters > 0
                          ? solve_parameters(spec_.budget.parameters, *place.session, run.options, place.inside)
                          : solve_seconds_once(place, run.options);
  group.solved = solved.options;
  said_of_budgets_.push_back(fmt::format("{}: {}", who, solved.said));
  if (solved.off) report_.warn(fmt::format("{}: {}; {} were asked for", who, solved.said, print(spec_.budget)));
}

PlannedRun Runner::plan(const Cell& cell, const Group& group, const OptionValues& chosen) const {
  PlannedRun run{.cell = cell, .options = options_of(spec_, cell), .place = group.place, .identity = ""};
  for (const auto* changes : {&group.solved, &chosen})
    run.options = laid_over(std::move(run.options), *changes);
  std::erase_if(run.options, [](const auto& option) { return option.second.empty(); });
  // One batch size serves all numbers of shots: of fewer examples a batch is all of them.
  const int64_t most = cell.shots * places_.known(run.place).classes;
  if (const auto batch = run.options.find("batch-size"); batch != run.options.end() && most > 0) {
    int64_t size = 0;
    option::parse("compare", "batch-size", batch->second, size);
    batch->second = std::to_string(std::min(size, most));
  }
  run.identity = places_.identity(run.options);
  return run;
}

void Runner::prepare(bool only_this_machine) {
  only_this_machine_ = only_this_machine;
  machine_ = engine::machine_of_this_run();
  open_groups();
  for (auto& cell : cells_of(spec_)) {
    const auto& group = groups_.at(group_of(cell));
    if (group.search) {
      runs_.push_back({.cell = cell, .options = options_of(spec_, cell), .place = group.place, .identity = ""});
    } else {
      runs_.push_back(plan(cell, group, {}));
    }
  }
  refresh();
}

// As far as the results that are there tell.
void Runner::advance(Group& group) {
  const auto result_of = [&](const Cell& cell) -> const RunResult* {
    const auto found = results_.find(cell);
    return found == results_.end() ? nullptr : &found->second;
  };
  if (group.winner) return;
  for (bool more = true; more;) {
    more = false;
    for (const auto& cell : group.search->runs(result_of)) {
      if (group.trials.count(cell)) continue;
      take(group.trials.emplace(cell, plan(cell, group, group.search->options(cell))).first->second);
      more = true;
    }
  }
  group.winner = group.search->winner(result_of);
}

void Runner::advance_searches() {
  for (auto& [cell, group] : groups_) {
    if (group.search) advance(group);
  }
  for (auto& run : runs_) {
    if (!run.identity.empty()) continue;
    const auto& group = groups_.at(group_of(run.cell));
    if (group.winner) run = plan(run.cell, group, group.search->options(*group.winner));
  }
}

pipelines::RunPlan Runner::cost_of(const PlannedRun& run) {
  const auto request = engine::read_adapt_request(run.options);
  Silent silent;
  return pipelines::plan_run(*places_.open(run.options).session, request.options, request.method_options, silent);
}

std::filesystem::path Runner::root(const std::string& data) const {
  for (const auto& run : runs_) {
    if (run.cell.data == data) return places_.known(run.place).root;
  }
  return {};
}

int64_t Runner::planned_trials() const {
  int64_t all = 0;
  for (const auto& [cell, group] : groups_)
    all += group.search ? group.search->planned_runs() : 0;
  return all;
}

int64_t Runner::missing_trials() const {
  int64_t there = 0;
  for (const auto& [cell, group] : groups_) {
    for (const auto& [trial, run] : group.trials) {
      there += is_there(trial);
    }
  }
  return planned_trials() - there;
}

bool Runner::is_there(const Cell& cell) const {
  const auto known = results_.find(cell);
  return known != results_.end() && known->second.outcome != Outcome::failed;
}

bool Runner::take(const PlannedRun& run) {
  if (run.identity.empty()) return false;
  if (is_there(run.cell)) return true;
  auto found = folder_.find(run.identity);
  if (!found || (only_this_machine_ && found->machine != machine_)) return false;
  found->cell = run.cell;  // the same run under another name
  results_[run.cell] = std::move(*found);
  return true;
}

void Runner::refresh() {
  for (const auto& [cell, group] : groups_) {
    for (const auto& [trial, run] : group.trials)
      take(run);
  }
  advance_searches();
  for (const auto& run : runs_)
    take(run);
}

std::vector<const PlannedRun*> Runner::missing() const {
  std::vector<const PlannedRun*> left;
  for (const auto& run : runs_) {
    if (!is_there(run.cell)) left.push_back(&run);
  }
  return left;
}

// As the same method took with as many shots, elsewhere if not here.
double Runner::seconds_left(const std::vector<const PlannedRun*>& runs) const {
  struct Mean {
    double sum = 0, count = 0;
    void add(double seconds) { sum += seconds, ++count; }
  };
  std::map<Cell, Mean> same;  // whatever the seed
  std::map<std::string, Mean> near;
  for (const auto& [cell, result] : results_) {
    if (result.outcome == Outcome::failed) continue;
    Cell kind = cell;
    kind.seed = 0;
    same[kind].add(result.seconds);
    near[cell.method].add(result.seconds);
  }
  double all = 0;
  for (const auto* run : runs) {
    Cell kind = run->cell;
    kind.seed = 0;
    const auto here = same.find(kind);
    const Mean mean = here != same.end() ? here->second : near[run->cell.method];
    all += mean.sum / mean.count;  // not a number where none is there
  }
  return all;
}

void Runner::compute(const PlannedRun& run) {
  auto result = compute_run(run, places_.open(run.options), folder_, host_);
  if (result.outcome != Outcome::done) report_.warn(fmt::format("{}: {}", print(run.cell), result.error));
  folder_.add(result);
  results_[run.cell] = std::move(result);
}

bool Runner::is_own(const Shard& shard, size_t run) const {
  const bool whole_groups = spec_.search.trials > 0 || spec_.budget.seconds > 0;
  const auto number = whole_groups ? groups_.at(group_of(runs_[run].cell)).number : static_cast<int64_t>(run);
  return number % shard.of == shard.number - 1;
}

void Runner::tell_progress(const PlannedRun& done, const std::vector<const PlannedRun*>& all) const {
  std::vector<const PlannedRun*> left;
  for (const auto* run : all) {
    if (!results_.count(run->cell)) left.push_back(run);
  }
  const double seconds = seconds_left(left);
  report_.progress({.stage = "compare",
                    .done = static_cast<int64_t>(all.size() - left.size()),
                    .total = static_cast<int64_t>(all.size()),
                    .detail = print(done.cell),
                    .rate = seconds > 0 ? static_cast<double>(left.size()) / seconds : 0,
                    .unit = "runs"});
}

// Until all are done or have failed here, by this process or another.
void Runner::work(const std::vector<const PlannedRun*>& runs, const std::vector<const PlannedRun*>& all) {
  const auto is_done = [&](const PlannedRun& run) {
    return tried_.count(run.identity) > 0 || (take(run) && is_there(run.cell));
  };
  for (bool waiting = true; waiting;) {
    waiting = false;
    for (const auto* run : runs) {
      stop_if_asked();
      if (is_done(*run)) continue;
      auto claim = folder_.claim(run->identity);
      if (!claim) {
        waiting = true;
        continue;
      }
      results_.erase(run->cell);
      if (is_done(*run)) continue;  // another process ended it just now
      compute(*run);
      if (results_.at(run->cell).outcome == Outcome::failed) tried_.insert(run->identity);
      tell_progress(*run, all);
    }
    if (waiting) std::this_thread::sleep_for(kWait);
  }
}

void Runner::run(const Shard& shard, const std::function<bool(int64_t)>& enough) {
  const auto by_place = [](const PlannedRun* a, const PlannedRun* b) { return a->place < b->place; };
  std::vector<const PlannedRun*> own;
  std::set<Cell> own_groups;
  for (size_t i = 0; i < runs_.size(); ++i) {
    if (!is_own(shard, i)) continue;
    own.push_back(&runs_[i]);
    own_groups.insert(group_of(runs_[i].cell));
  }
  // Searches, rung after rung.
  for (;;) {
    std::vector<const PlannedRun*> due, trials;
    for (const auto& cell : own_groups) {
      for (const auto& [trial, run] : groups_.at(cell).trials) {
        trials.push_back(&run);
        if (!is_there(trial) && !tried_.count(run.identity)) due.push_back(&run);
      }
    }
    if (due.empty()) break;
    std::stable_sort(due.begin(), due.end(), by_place);
    work(due, trials);
    advance_searches();
  }
  std::erase_if(own, [](const PlannedRun* run) { return run->identity.empty(); });  // of a search that failed
  // Without a look after each seed, the runs of one model and data set come together.
  if (!enough) std::stable_sort(own.begin(), own.end(), by_place);
  for (size_t first = 0; first < own.size();) {
    // All runs, or those of a seed.
    size_t last = own.size();
    if (enough) {
      int64_t seed = 0;
      for (last = first; last < own.size(); ++last) {
        const int64_t next = own[last]->cell.seed;
        if (seed != 0 && next != 0 && next != seed) break;
        if (next != 0) seed = next;
      }
    }
    work({own.begin() + static_cast<std::ptrdiff_t>(first), own.begin() + static_cast<std::ptrdiff_t>(last)}, own);
    if (enough && last < own.size()) {
      refresh();
      if (enough(own[last - 1]->cell.seed)) return;
    }
    first = last;
  }
}

}  // namespace graft::study
