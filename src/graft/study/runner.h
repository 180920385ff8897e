// Runs what a study lacks. Runs of the same model and data set share a session: the model is loaded, the examples are
// decoded and encoded once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/session.h"
#include "graft/study/spec.h"
#include "graft/study/study_folder.h"

namespace graft::study {

// One of so many machines: it takes each `of`-th run. 1 of 1 takes all.
struct Shard {
  int64_t number = 1, of = 1;
};
Shard parse_shard(const std::string& text);  // "3/16"; ConfigError for anything else

// A run of the study, known again by its content: options, weights, data, and graft's version.
struct PlannedRun {
  Cell cell;
  OptionValues options;
  std::string place;  // which model with which data: the options that say so, as a key
  std::string identity;
};

class Runner {
 public:
  Runner(const Spec& spec, StudyFolder& folder, const engine::Host& host, Reporter& report);
  ~Runner();

  // Opens each model with each data set once, says what they are, and finds out which runs are done. What another build
  // or machine computed counts as not done with `only_this_machine`: its last bits may be others.
  void prepare(bool only_this_machine = false);
  const std::vector<PlannedRun>& runs() const { return runs_; }
  const std::map<Cell, RunResult>& results() const { return results_; }  // done, diverged or failed
  std::vector<const PlannedRun*> missing() const;
  const std::map<std::string, std::filesystem::path>& roots() const { return roots_; }  // of data sets, for their files
  double seconds_left(const std::vector<const PlannedRun*>& runs) const;                // NaN: not known yet

  // Until nothing is left that no other process computes. A run that fails is kept with its last line, and the others
  // go on. `enough` is asked when all runs up to a seed are there: true ends the work. Throws Stopped on a signal.
  void run(const Shard& shard, const std::function<bool(int64_t seed)>& enough = {});
  void refresh();  // results of other processes

 private:
  struct Place;  // a model with a data set, opened
  Place& open(const PlannedRun& run);
  void compute(const PlannedRun& run, Place& place);
  bool take(const PlannedRun& run);

  const Spec& spec_;
  StudyFolder& folder_;
  engine::Host host_;
  Reporter& report_;
  std::vector<PlannedRun> runs_;
  std::map<Cell, RunResult> results_;
  std::map<std::string, std::unique_ptr<Place>> places_;  // by the options of model and data
  std::map<std::string, std::string> content_;            // of each place: hash of weights and data
  std::map<std::string, std::filesystem::path> roots_;
  bool only_this_machine_ = false;
  std::string machine_;
};

}  // namespace graft::study
