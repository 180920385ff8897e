// A study's results by what they are of: which runs are planned, there or failed, what each scores, and on which test
// examples it is right. Examples and what follows from them are read once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graft/study/design.h"
#include "graft/study/run_result.h"

namespace graft::study {

class ResultReader {
 public:
  // All must outlive it.
  ResultReader(const Design& design, const std::vector<Cell>& cells, const std::map<Cell, RunResult>& results,
               const ItemsOf& items);

  const std::vector<Column>& columns() const { return design_.columns; }
  std::string name_of(const Column& column) const;  // the data set, of several models with the model's name
  bool seedless(const std::string& method) const { return design_.once.count(method) > 0; }

  Cell cell(const std::string& method, const Column& column, int64_t shots, int64_t seed) const;
  bool planned(const Cell& cell) const { return cells_.count(cell) > 0; }
  const RunResult* find(const Cell& cell) const;  // null where it is not there, or failed
  bool failed(const Cell& cell) const;

  double metric(const RunResult& run) const;  // 0 of a run that diverged; ConfigError for a score that it has not
  // 1 where the run is right, an example each; empty where it says nothing of examples.
  const std::vector<uint8_t>& right(const RunResult& run);
  const Items& items(const std::string& hash);

 private:
  const Design& design_;
  std::set<Cell> cells_;
  const std::map<Cell, RunResult>& results_;
  const ItemsOf& items_of_;
  bool several_models_ = false;
  std::map<std::string, std::vector<uint8_t>> right_;  // by the run's identity
  std::map<std::string, Items> items_;
};

}  // namespace graft::study
