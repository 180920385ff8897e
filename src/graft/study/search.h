// A search as far as its runs have come: which there are to do next, and which configuration is taken. It follows from
// the study and the results alone, so that any number of processes come to the same.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/study/run_result.h"
#include "graft/study/spec.h"

namespace graft::study {

using ResultOf = std::function<const RunResult*(const Cell&)>;  // null: not there

// Of one method on one data set with one model and so many shots.
class GroupSearch {
 public:
  // `full`: the epochs or steps of a whole run, as `unit` says; 0 of a method that takes none, which cannot be halved.
  GroupSearch(const Spec& spec, Cell group, int64_t full, std::string unit);

  // The runs that are known by now, done or not: all of a random search; of halving those of each rung whose
  // predecessor is done.
  std::vector<Cell> runs(const ResultOf& result_of) const;
  int64_t planned_runs() const;  // when it is done

  // The best on the validation split, of the last rung; the earlier one of equals. Nothing while runs are missing or
  // have failed. DataError where there is nothing to validate on.
  std::optional<int64_t> winner(const ResultOf& result_of) const;

  // What the study's options are changed by.
  OptionValues options(const Cell& run) const;
  OptionValues options(int64_t trial) const { return trial_options(ranges_, group_.method, trial); }
  int64_t trials() const;  // one where there is nothing to choose

 private:
  struct Rung {
    int64_t configurations, budget;
  };
  std::vector<Cell> runs_of(const std::vector<int64_t>& trials, int64_t rung) const;
  // The mean over the seeds of the score that decides; nothing where a run is missing or failed.
  std::optional<double> score(int64_t trial, int64_t rung, const ResultOf& result_of) const;
  // The trials of a rung from the best to the worst; nothing while runs are missing.
  std::optional<std::vector<int64_t>> order(const std::vector<int64_t>& trials, int64_t rung,
                                            const ResultOf& result_of) const;

  Cell group_;
  Search search_;
  std::string metric_, unit_;
  std::vector<Range> ranges_;
  std::vector<Rung> rungs_;
};

}  // namespace graft::study
