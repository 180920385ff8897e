#include "graft/study/result_reader.h"

#include <fmt/format.h>

#include "graft/core/error.h"
#include "graft/core/names.h"

namespace graft::study {

ResultReader::ResultReader(const Design& design, const std::vector<Cell>& cells,
                           const std::map<Cell, RunResult>& results, const ItemsOf& items)
    : design_(design), cells_(cells.begin(), cells.end()), results_(results), items_of_(items) {
  for (const auto& [model, data] : design.columns)
    several_models_ = several_models_ || model != design.columns.front().first;
}

std::string ResultReader::name_of(const Column& column) const {
  return several_models_ ? fmt::format("{} · {}", column.first, column.second) : column.second;
}

Cell ResultReader::cell(const std::string& method, const Column& column, int64_t shots, int64_t seed) const {
  if (seedless(method)) shots = seed = 0;
  return {method, column.first, column.second, shots, seed};
}

const RunResult* ResultReader::find(const Cell& cell) const {
  const auto found = results_.find(cell);
  return found == results_.end() || found->second.outcome == Outcome::failed ? nullptr : &found->second;
}

bool ResultReader::failed(const Cell& cell) const {
  const auto found = results_.find(cell);
  return found != results_.end() && found->second.outcome == Outcome::failed;
}

double ResultReader::metric(const RunResult& run) const {
  if (run.outcome == Outcome::diverged) return 0;
  const auto found = run.scores.find(design_.question.metric);
  if (found != run.scores.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, value] : run.scores)
    known.push_back(name);
  throw ConfigError("compare", "compare: metric: {}",
                    unknown_name("score of these runs", design_.question.metric, known));
}

const std::vector<uint8_t>& ResultReader::right(const RunResult& run) {
  auto& right = right_[run.identity];
  if (!right.empty() || run.count == 0) return right;
  if (run.outcome == Outcome::diverged) {
    right.assign(static_cast<size_t>(run.count), 0);
  } else if (!run.items.empty()) {
    const auto& labels = items(run.items).labels;
    if (labels.size() != run.predicted.size())
      throw DataError("compare", "{}: {} predictions of {} test examples. Remove its file in runs/.", print(run.cell),
                      run.predicted.size(), labels.size());
    for (size_t i = 0; i < labels.size(); ++i)
      right.push_back(run.predicted[i] == labels[i]);
  }
  return right;
}

const Items& ResultReader::items(const std::string& hash) {
  const auto found = items_.find(hash);
  return found != items_.end() ? found->second : items_.emplace(hash, items_of_(hash)).first->second;
}

}  // namespace graft::study
