#include "graft/study/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "graft/core/error.h"
#include "graft/statistics/calibration.h"
#include "graft/statistics/ranks.h"
#include "graft/study/aggregates.h"
#include "graft/study/ladder.h"
#include "graft/study/result_reader.h"

namespace graft::study {
namespace {

constexpr size_t kShownDisagreements = 12;
constexpr int64_t kBins = 15;

StudyTable table_of(const Design& design, ResultReader& reader, int64_t shots) {
  StudyTable table{shots, {}, {}};
  for (const auto& column : reader.columns())
    table.columns.push_back(reader.name_of(column));
  for (const auto& method : design.methods) {
    TableRow row{.method = method};
    double seconds = 0, sum = 0;
    int64_t runs = 0;
    bool full = true, planned = false;
    for (const auto& column : reader.columns()) {
      TableCell cell;
      for (const auto seed : reader.seedless(method) ? std::vector<int64_t>{0} : design.seeds) {
        const auto key = reader.cell(method, column, shots, seed);
        if (!reader.planned(key)) continue;
        planned = true;
        const auto* run = reader.find(key);
        if (!run) {
          ++(reader.failed(key) ? cell.failed : cell.missing);
          continue;
        }
        cell.diverged += run->outcome == Outcome::diverged;
        cell.values.push_back(reader.metric(*run));
        row.trained = std::max(row.trained, run->trained_parameters);
        seconds += run->seconds - run->shared_seconds, ++runs;
      }
      if (!cell.values.empty()) cell.summary = statistics::summarise(cell.values);
      full = full && !cell.values.empty();
      sum += cell.summary.mean;
      row.cells.push_back(std::move(cell));
    }
    if (!planned) continue;  // left out of these shots
    if (runs > 0) row.seconds = seconds / static_cast<double>(runs);
    if (full) row.mean = sum / static_cast<double>(row.cells.size());
    table.rows.push_back(std::move(row));
  }
  // Ranks inside each column, ties share.
  const bool all =
      std::all_of(table.rows.begin(), table.rows.end(), [](const TableRow& row) { return row.mean.has_value(); });
  if (all && table.rows.size() > 1) {
    for (auto& row : table.rows) {
      double ranks = 0;
      for (size_t c = 0; c < row.cells.size(); ++c) {
        for (const auto& other : table.rows) {
          const double here = row.cells[c].summary.mean, there = other.cells[c].summary.mean;
          ranks += there > here ? 1 : there == here ? 0.5 : 0;
        }
      }
      row.mean_rank = ranks / static_cast<double>(row.cells.size()) + 0.5;
    }
  }
  return table;
}

// The mean over the classes is one over examples that count by how rare their class is; they are then no whole numbers.
void weigh_classes(PairedSet& set, const Items& items) {
  std::map<int64_t, double> count;
  for (const auto label : items.labels)
    ++count[label];
  const double examples = static_cast<double>(items.labels.size()), classes = static_cast<double>(count.size());
  for (size_t i = 0; i < set.cells.size(); ++i)
    set.cells[i] *= examples / (classes * count[items.labels[i % items.labels.size()]]);
  set.won.clear();
}

// All seeds at which both methods have all their shots.
PairedSet paired_set(const Design& design, ResultReader& reader, const std::string& first, const std::string& second,
                     const Column& column) {
  PairedSet set{.name = reader.name_of(column)};
  const bool once = reader.seedless(first) && reader.seedless(second);
  const std::vector<int64_t> shots = once ? std::vector<int64_t>{0} : design.shots;
  const bool counted = design.question.metric == "accuracy";
  bool known = counted || design.question.metric == "mean_per_class";  // what each run says of each example
  std::string items;
  for (const auto seed : once ? std::vector<int64_t>{0} : design.seeds) {
    double points = 0;
    int64_t won = 0, used = 0;
    std::vector<double> cells;
    bool whole = true, by_item = true;
    for (const auto shot : shots) {
      const auto a = reader.cell(first, column, shot, seed), b = reader.cell(second, column, shot, seed);
      if (!reader.planned(a) || !reader.planned(b)) continue;
      const auto* x = reader.find(a);
      const auto* y = reader.find(b);
      if (!x || !y) {
        whole = false;
        break;
      }
      set.diverged_first += x->outcome == Outcome::diverged;
      set.diverged_second += y->outcome == Outcome::diverged;
      points += 100 * (reader.metric(*x) - reader.metric(*y));
      ++used;
      const auto& right_x = reader.right(*x);
      const auto& right_y = reader.right(*y);
      for (const auto* run : {x, y}) {
        if (run->items.empty()) continue;
        if (items.empty()) items = run->items;
        if (items != run->items)
          throw DataError("compare", "{} and others were tested on other examples: they cannot be paired.",
                          print(run->cell));
      }
      if (right_x.empty() || right_x.size() != right_y.size()) {
        by_item = false;
        continue;
      }
      cells.resize(right_x.size());
      for (size_t i = 0; i < right_x.size(); ++i) {
        const int delta = right_x[i] - right_y[i];
        won += delta;
        cells[i] += delta;
      }
    }
    if (!whole || used == 0) continue;
    set.seeds.push_back(seed);
    set.points.push_back(points / static_cast<double>(used));
    known = known && by_item;
    if (!by_item) continue;
    set.won.push_back(won);
    set.examples = static_cast<int64_t>(cells.size());
    set.items = set.examples * used;
    for (const double cell : cells)
      set.cells.push_back(cell / static_cast<double>(used));
  }
  if (!known) set.won.clear(), set.cells.clear(), set.examples = 0;
  if (known && !counted && !items.empty()) weigh_classes(set, reader.items(items));
  return set;
}

std::vector<Comparison> comparisons_of(const Design& design, ResultReader& reader) {
  std::vector<Comparison> all;
  const auto& against = design.question.against;
  for (size_t i = 0; i < design.methods.size(); ++i) {
    for (size_t j = i + 1; j < design.methods.size(); ++j) {
      std::string first = design.methods[j], second = design.methods[i];
      if (!against.empty() && first != against && second != against) continue;
      if (first == against) std::swap(first, second);
      Comparison comparison{.first = first, .second = second};
      for (const auto& column : reader.columns()) {
        auto set = paired_set(design, reader, first, second, column);
        if (!set.points.empty()) comparison.sets.push_back(std::move(set));
      }
      if (!comparison.sets.empty()) all.push_back(std::move(comparison));
    }
  }
  return all;
}

// Over data sets: each counts once, by the mean over its runs of all shots.
std::optional<Ranks> ranks_of(const std::vector<StudyTable>& tables, const Random& random) {
  const auto& rows = tables.front().rows;
  const auto methods = static_cast<int64_t>(rows.size());
  const auto sets = static_cast<int64_t>(tables.front().columns.size());
  if (methods < 3 || methods > 20 || sets < 3) return {};
  std::vector<double> scores;
  for (int64_t c = 0; c < sets; ++c) {
    for (int64_t m = 0; m < methods; ++m) {
      double sum = 0;
      for (const auto& table : tables) {
        const auto& cell = table.rows[static_cast<size_t>(m)].cells[static_cast<size_t>(c)];
        if (cell.values.empty()) return {};
        sum += cell.summary.mean;
      }
      scores.push_back(sum);
    }
  }
  const auto test = statistics::friedman(scores, sets, methods, random.fork("friedman"));
  Ranks ranks{.mean_ranks = test.mean_ranks,
              .sets = sets,
              .p = test.p_permutation,
              .difference = statistics::nemenyi_difference(sets, methods)};
  for (const auto& row : rows)
    ranks.methods.push_back(row.method);
  ranks.bars = statistics::cliques(ranks.mean_ranks, ranks.difference);
  return ranks;
}

std::vector<Calibration> calibration_of(const Design& design, ResultReader& reader, const std::vector<Cell>& cells) {
  std::vector<Calibration> all;
  for (const auto& method : design.methods) {
    std::vector<double> confidences;
    std::vector<uint8_t> right;
    for (const auto& cell : cells) {
      if (cell.method != method) continue;
      const auto* run = reader.find(cell);
      if (!run || run->outcome != Outcome::done || run->items.empty()) continue;
      const auto& of_run = reader.right(*run);
      if (run->probability.size() != of_run.size()) continue;  // of others' predictions it may not be known
      right.insert(right.end(), of_run.begin(), of_run.end());
      for (const float p : run->probability)
        confidences.push_back(std::min(1.0, static_cast<double>(p)));
    }
    if (confidences.empty()) continue;
    const auto error = statistics::calibration_error(confidences, right, kBins);
    Calibration one{method, error.error, error.expected_if_calibrated, {}};
    for (const auto& bin : error.bins)
      one.bins.emplace_back(bin.confidence, bin.accuracy);
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<FeatureAlignment> alignments_of(const Design& design, ResultReader& reader,
                                            const std::vector<Cell>& cells) {
  std::vector<FeatureAlignment> all;
  for (const auto& method : design.methods) {
    for (const auto& column : reader.columns()) {
      FeatureAlignment one{.method = method, .data = reader.name_of(column)};
      for (const auto& cell : cells) {
        if (cell.method != method || cell.model != column.first || cell.data != column.second) continue;
        const auto* run = reader.find(cell);
        if (!run || !run->alignment) continue;
        one.plain.push_back(run->alignment->plain);
        if (std::isfinite(run->alignment->debiased)) one.debiased.push_back(run->alignment->debiased);
        one.examples = run->aligned;
      }
      if (!one.plain.empty()) all.push_back(std::move(one));
    }
  }
  return all;
}

// How often the runs of a method are right on each example of a column.
std::pair<std::vector<int64_t>, int64_t> times_right(const Design& design, ResultReader& reader,
                                                     const std::string& method, const Column& column,
                                                     std::string& items) {
  std::vector<int64_t> times;
  int64_t runs = 0;
  const bool once = reader.seedless(method);  // one run, however many it is compared with
  for (const auto shots : once ? std::vector<int64_t>{0} : design.shots) {
    for (const auto seed : once ? std::vector<int64_t>{0} : design.seeds) {
      const auto cell = reader.cell(method, column, shots, seed);
      const auto* run = reader.find(cell);
      if (!run || reader.right(*run).empty()) continue;
      const auto& right = reader.right(*run);
      times.resize(right.size());
      for (size_t i = 0; i < right.size(); ++i)
        times[i] += right[i];
      if (!run->items.empty()) items = run->items;
      ++runs;
    }
  }
  return {times, runs};
}

Details details_of(const Design& design, ResultReader& reader, const Comparison& comparison) {
  Details details{comparison.first, comparison.second, {}, {}};
  for (const auto& column : reader.columns()) {
    std::string hash;
    const auto [first, first_runs] = times_right(design, reader, comparison.first, column, hash);
    const auto [second, second_runs] = times_right(design, reader, comparison.second, column, hash);
    const bool same =
        first_runs == second_runs || reader.seedless(comparison.first) || reader.seedless(comparison.second);
    if (first.empty() || first.size() != second.size() || !same || hash.empty()) continue;
    const auto& items = reader.items(hash);
    std::vector<double> won(items.classes.size());
    std::vector<int64_t> count(items.classes.size());
    for (size_t i = 0; i < first.size(); ++i) {
      const auto label = static_cast<size_t>(items.labels[i]);
      const double delta = static_cast<double>(first[i]) / static_cast<double>(first_runs) -
                           static_cast<double>(second[i]) / static_cast<double>(second_runs);
      won[label] += delta;
      ++count[label];
      if (first[i] * second_runs != second[i] * first_runs)
        details.disagreements.push_back(
            {column.second, items.files[i], items.classes[label], first[i], second[i], first_runs, second_runs});
    }
    for (size_t c = 0; c < won.size(); ++c) {
      if (count[c] > 0)
        details.classes.push_back(
            {reader.name_of(column), items.classes[c], 100 * won[c] / static_cast<double>(count[c]), count[c]});
    }
  }
  std::stable_sort(details.classes.begin(), details.classes.end(),
                   [](const ClassDelta& a, const ClassDelta& b) { return a.points < b.points; });
  std::stable_sort(details.disagreements.begin(), details.disagreements.end(),
                   [](const Disagreement& a, const Disagreement& b) {
                     // In whole numbers: first_right / first_runs less second_right / second_runs.
                     const auto gap = [](const Disagreement& d) {
                       return std::abs(d.first_right * d.second_runs - d.second_right * d.first_runs);
                     };
                     return gap(a) * b.first_runs * b.second_runs > gap(b) * a.first_runs * a.second_runs;
                   });
  if (details.disagreements.size() > kShownDisagreements) details.disagreements.resize(kShownDisagreements);
  return details;
}

}  // namespace

std::string value_text(double value, bool percent) {
  return percent ? fmt::format("{:.1f}", 100 * value) : fmt::format("{:.3f}", value);
}

std::optional<double> half_width(const TableCell& cell) {
  if (cell.values.size() < 2 || !std::isfinite(cell.summary.interval.high)) return {};
  return cell.summary.interval.high - cell.summary.mean;
}

StudyOutcome outcome_of(const Design& design, const std::vector<Cell>& cells, const std::map<Cell, RunResult>& results,
                        const ItemsOf& items_of) {
  ResultReader reader(design, cells, results, items_of);
  const Random random = Random(1).fork(design.name);
  StudyOutcome outcome{.name = design.name, .metric = design.question.metric};
  outcome.foreign = design.foreign;
  outcome.percent = outcome.metric != "mcc" && outcome.metric != "spearman" && outcome.metric != "pearson";
  outcome.verdict_options = {design.question.alpha, design.question.margin, design.question.stop_when_decided,
                             !design.foreign};
  outcome.runs = static_cast<int64_t>(cells.size());
  std::set<std::string> machines;
  double seconds = 0;
  for (const auto& cell : cells) {
    const auto found = results.find(cell);
    if (found == results.end()) continue;
    if (found->second.outcome != Outcome::failed) {
      ++outcome.there;
      seconds += found->second.seconds;
    }
    if (found->second.outcome != Outcome::done) outcome.failures.emplace_back(print(cell), found->second.error);
    machines.insert(found->second.machine);
  }
  outcome.machines = {machines.begin(), machines.end()};
  if (outcome.there > 0)
    outcome.seconds_a_pair =
        2 * seconds / static_cast<double>(outcome.there) * static_cast<double>(design.shots.size());
  for (const auto shots : design.shots)
    outcome.tables.push_back(table_of(design, reader, shots));
  if (design.question.ladder) outcome.ladder = ladder_of(design, reader, outcome.tables);
  outcome.comparisons = comparisons_of(design, reader);
  judge(outcome.comparisons, outcome.verdict_options, random);
  outcome.ranks = ranks_of(outcome.tables, random);
  outcome.calibration = calibration_of(design, reader, cells);
  outcome.scores = scores_of(design, reader);
  outcome.alignments = alignments_of(design, reader, cells);
  outcome.decided =
      design.question.stop_when_decided && !outcome.comparisons.empty() && all_decided(outcome.comparisons);
  const auto largest = std::max_element(
      outcome.comparisons.begin(), outcome.comparisons.end(), [](const Comparison& a, const Comparison& b) {
        return std::pair(-a.p_holm, std::abs(a.points)) < std::pair(-b.p_holm, std::abs(b.points));
      });
  if (largest != outcome.comparisons.end()) outcome.details = details_of(design, reader, *largest);
  return outcome;
}

StudyOutcome outcome_of(const Spec& spec, const std::vector<Cell>& cells, const std::map<Cell, RunResult>& results,
                        const ItemsOf& items_of) {
  auto outcome = outcome_of(design_of(spec), cells, results, items_of);
  outcome.budget = print(spec.budget);
  outcome.search = search_efforts(spec, results);
  return outcome;
}

}  // namespace graft::study
