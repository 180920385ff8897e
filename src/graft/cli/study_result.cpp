#include "graft/cli/study_result.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/quantities.h"

namespace graft::cli {
namespace {

constexpr size_t kShownComparisons = 15;  // on the terminal; the report has all

std::string cell_text(const study::TableCell& cell, bool percent) {
  if (cell.values.empty()) return cell.failed > 0 ? "failed" : "-";
  std::string text = study::value_text(cell.summary.mean, percent);
  if (const auto half = study::half_width(cell)) text += " ±" + study::value_text(*half, percent);
  if (cell.missing + cell.failed > 0)
    text += fmt::format(" ({} of {})", cell.values.size(),
                        static_cast<int64_t>(cell.values.size()) + cell.missing + cell.failed);
  return text;
}

void print_outcome(const study::StudyOutcome& outcome, Terminal& terminal) {
  for (const auto& table : outcome.tables) {
    std::vector<Align> columns{Align::left, Align::right};
    std::vector<std::string> head{study::shots_text(table.shots), "trained"};
    for (const auto& column : table.columns) {
      columns.push_back(Align::right);
      head.push_back(column);
    }
    const bool several = table.columns.size() > 1;
    columns.insert(columns.end(), {Align::right, Align::right});
    if (several) head.insert(head.end(), {"mean", "mean rank"});
    if (outcome.foreign) {
      columns.erase(columns.begin() + 1);
      head.erase(head.begin() + 1);
      head.front() = "method";
    }
    TextTable text(columns);
    text.row(head);
    for (const auto& row : table.rows) {
      std::vector<std::string> cells{row.method};
      if (!outcome.foreign) cells.push_back(row.trained > 0 ? format_count(row.trained) : "0");
      for (const auto& cell : row.cells)
        cells.push_back(cell_text(cell, outcome.percent));
      if (several) {
        cells.push_back(row.mean ? study::value_text(*row.mean, outcome.percent) : "-");
        cells.push_back(row.mean_rank ? fmt::format("{:.1f}", *row.mean_rank) : "-");
      }
      text.row(std::move(cells));
    }
    terminal.print("");
    print(text, terminal, "  ");
  }
  terminal.print("");
  const auto comparisons = static_cast<int64_t>(outcome.comparisons.size());
  size_t shown = 0;
  for (const auto& comparison : outcome.comparisons) {
    if (++shown > kShownComparisons) {
      terminal.print(
          fmt::format("  {} more comparisons are in the report", outcome.comparisons.size() - kShownComparisons));
      break;
    }
    const auto lines = study::sentences(comparison, outcome.verdict_options, comparisons, outcome.seconds_a_pair);
    for (size_t i = 0; i < lines.size(); ++i)
      terminal.print(fmt::format("  {:<14} {}", i == 0 ? study::label_of(comparison) : "", lines[i]));
  }
  for (const auto& rung : outcome.ladder)
    terminal.print(fmt::format("  {:<14} {}", "ladder", study::print(rung)));
  if (const auto text = study::unequal_efforts(outcome.search); !text.empty())
    terminal.print(fmt::format("  {:<14} {}", "unfair", text));
  for (const auto& effort : outcome.search)
    terminal.print(fmt::format("  {:<14} {}: {}", "search", effort.method, study::print(effort)));
  for (const auto& [run, error] : outcome.failures)
    terminal.print(fmt::format("  {:<14} {}: {}", "failed", run, error));
  if (outcome.there < outcome.runs && outcome.decided) {
    terminal.print(fmt::format("  {:<14} {:L} of {:L} runs were enough", "decided", outcome.there, outcome.runs));
  } else if (outcome.there < outcome.runs) {
    terminal.print(fmt::format("  {:<14} {:L} of {:L} runs are there", "unfinished", outcome.there, outcome.runs));
  }
  if (outcome.machines.size() > 1)
    terminal.print(fmt::format("  {:<14} runs of {} builds or machines: {}", "mixed", outcome.machines.size(),
                               fmt::join(outcome.machines, "; ")));
}

nlohmann::json describe(const study::StudyOutcome& outcome) {
  nlohmann::json json = {
      {"study", outcome.name}, {"metric", outcome.metric}, {"runs", outcome.runs}, {"there", outcome.there}};
  for (const auto& table : outcome.tables) {
    for (const auto& row : table.rows) {
      for (size_t c = 0; c < row.cells.size(); ++c) {
        json["table"].push_back({{"method", row.method},
                                 {"data", table.columns[c]},
                                 {"values", row.cells[c].values},
                                 {"mean", row.cells[c].summary.mean}});
        if (outcome.foreign) continue;
        json["table"].back()["shots"] = table.shots;
        json["table"].back()["trained_parameters"] = row.trained;
      }
    }
  }
  if (!outcome.budget.empty()) json["budget"] = outcome.budget;
  for (const auto& effort : outcome.search) {
    json["search"].push_back({{"method", effort.method},
                              {"configurations", effort.configurations},
                              {"runs", effort.runs},
                              {"steps", effort.steps},
                              {"seconds", effort.seconds},
                              {"expected_best_of", effort.best_of},
                              {"chosen", effort.chosen}});
  }
  for (const auto& c : outcome.comparisons) {
    nlohmann::json one = {{"first", c.first},   {"second", c.second}, {"verdict", study::label_of(c)},
                          {"points", c.points}, {"pairs", c.pairs},   {"p", c.p},
                          {"p_holm", c.p_holm}, {"e", c.e},           {"needed_pairs", c.needed_pairs}};
    if (c.by_items) one["only_first"] = c.only_first, one["only_second"] = c.only_second;
    if (c.on_this_test_set) one["on_this_test_set"] = {c.on_this_test_set->low, c.on_this_test_set->high};
    if (c.on_this_kind) one["on_this_kind_of_data"] = {c.on_this_kind->low, c.on_this_kind->high};
    if (c.on_other_sets) one["on_other_data_sets"] = {c.on_other_sets->low, c.on_other_sets->high};
    if (c.wilcoxon_p) one["wilcoxon_p"] = *c.wilcoxon_p;
    json["comparisons"].push_back(std::move(one));
  }
  return json;
}

}  // namespace

void print_result(const study::StudyOutcome& outcome, Terminal& terminal) {
  if (terminal.json()) {
    terminal.print(dump(with_notes(describe(outcome), terminal)));
  } else {
    print_outcome(outcome, terminal);
  }
}

}  // namespace graft::cli
