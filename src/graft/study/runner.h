// Runs what a study lacks. Runs of the same model and data set share a session: the model is loaded, the examples are
// decoded and encoded once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/session.h"
#include "graft/pipelines/plan_run.h"
#include "graft/study/budget.h"
#include "graft/study/compute_run.h"
#include "graft/study/places.h"
#include "graft/study/search.h"
#include "graft/study/spec.h"
#include "graft/study/study_folder.h"

namespace graft::study {

// One of so many machines: it takes each `of`-th run, or where options are searched or solved for, each `of`-th method
// with data set, model and shots. 1 of 1 takes all.
struct Shard {
  int64_t number = 1, of = 1;
};
Shard parse_shard(const std::string& text);  // "3/16"; ConfigError for anything else

class Runner {
 public:
  Runner(const Spec& spec, StudyFolder& folder, const engine::Host& host, Reporter& report);

  // Opens each model with each data set once, says what they are, and finds out which runs are done. What another build
  // or machine computed counts as not done with `only_this_machine`: its last bits may be others.
  void prepare(bool only_this_machine = false);
  const std::vector<PlannedRun>& runs() const { return runs_; }          // what is compared
  const std::map<Cell, RunResult>& results() const { return results_; }  // done, diverged or failed
  std::vector<const PlannedRun*> missing() const;
  int64_t planned_trials() const;  // runs of searches, when they are done
  int64_t missing_trials() const;
  const std::vector<std::string>& budgets() const { return said_of_budgets_; }  // "lora · products: rank 3, ..."
  pipelines::RunPlan cost_of(const PlannedRun& run);                      // memory and time, from a few of its steps
  std::filesystem::path root(const std::string& data) const;              // where the files of a data set are
  double seconds_left(const std::vector<const PlannedRun*>& runs) const;  // NaN: not known yet

  // Until nothing is left that no other process computes. A run that fails is kept with its last line, and the others
  // go on. `enough` is asked when all runs up to a seed are there: true ends the work. Throws Stopped on a signal.
  void run(const Shard& shard, const std::function<bool(int64_t seed)>& enough = {});
  void refresh();  // results of other processes

 private:
  struct Group {
    int64_t number = 0;
    std::string place;
    OptionValues solved = {};  // by the budget
    std::optional<GroupSearch> search = {};
    std::map<Cell, PlannedRun> trials = {};  // those known by now
    std::optional<int64_t> winner = {};
  };
  void open_groups();
  void solve_budget(Group& group, const PlannedRun& run);
  SolvedBudget solve_seconds_once(Place& place, const OptionValues& run);
  PlannedRun plan(const Cell& cell, const Group& group, const OptionValues& chosen) const;
  void advance(Group& group);
  void advance_searches();
  bool is_own(const Shard& shard, size_t run) const;
  void work(const std::vector<const PlannedRun*>& runs, const std::vector<const PlannedRun*>& all);
  void tell_progress(const PlannedRun& done, const std::vector<const PlannedRun*>& all) const;
  void compute(const PlannedRun& run);
  bool is_there(const Cell& cell) const;  // done or diverged
  bool take(const PlannedRun& run);

  const Spec& spec_;
  StudyFolder& folder_;
  engine::Host host_;
  Reporter& report_;
  std::vector<PlannedRun> runs_;
  std::map<Cell, Group> groups_;
  std::vector<std::string> said_of_budgets_;
  std::set<std::string> tried_;  // failed here: not again in this process
  std::map<Cell, RunResult> results_;
  Places places_;
  bool only_this_machine_ = false;
  std::string machine_;
};

}  // namespace graft::study
