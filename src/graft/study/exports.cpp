#include "graft/study/exports.h"

#include <fmt/format.h>

#include "graft/core/atomic_file.h"
#include "graft/core/csv.h"
#include "graft/core/quantities.h"

namespace graft::study {
namespace {

std::string latex_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\textbackslash{}";
    } else if (c == '~' || c == '^') {
      out += fmt::format("\\{}{{}}", c);
    } else {
      if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string markdown_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>|").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string title_of(const StudyOutcome& outcome, const StudyTable& table) {
  if (outcome.foreign) return "predictions";
  return shots_text(table.shots);
}

std::string number(const TableCell& cell, bool percent, const char* plus_minus, const char* none) {
  if (cell.values.empty()) return none;
  std::string text = value_text(cell.summary.mean, percent);
  if (const auto half = half_width(cell)) text += plus_minus + value_text(*half, percent);
  return text;
}

}  // namespace

std::string to_csv(const StudyOutcome& outcome) {
  std::string csv =
      fmt::format("shots,method,data,runs,{0},{0}_low,{0}_high,trained_parameters,seconds\n", outcome.metric);
  for (const auto& table : outcome.tables) {
    for (const auto& row : table.rows) {
      for (size_t c = 0; c < row.cells.size(); ++c) {
        const auto& cell = row.cells[c];
        const bool bounded = cell.values.size() > 1;
        csv += fmt::format("{},{},{},{},{},{},{},{}\n", table.shots, csv_cell(row.method), csv_cell(table.columns[c]),
                           cell.values.size(), cell.values.empty() ? "" : fmt::format("{:.6f}", cell.summary.mean),
                           bounded ? fmt::format("{:.6f}", cell.summary.interval.low) : "",
                           bounded ? fmt::format("{:.6f}", cell.summary.interval.high) : "",
                           outcome.foreign ? "," : fmt::format("{},{:.3f}", row.trained, row.seconds));
      }
    }
  }
  return csv;
}

std::string comparisons_csv(const StudyOutcome& outcome) {
  std::string csv =
      "first,second,verdict,points,pairs,test_set_low,test_set_high,kind_low,kind_high,other_sets_low,other_sets_high,"
      "test,p,p_holm,wilcoxon_p\n";
  const auto ends = [](const std::optional<Interval>& interval) {
    return interval ? fmt::format("{:.6f},{:.6f}", interval->low, interval->high) : ",";
  };
  for (const auto& c : outcome.comparisons) {
    const bool anytime = outcome.verdict_options.anytime && !c.by_items;
    csv += fmt::format("{},{},{},{:.6f},{},{},{},{},{},{:.6g},{:.6g},{}\n", csv_cell(c.first), csv_cell(c.second),
                       label_of(c), c.points, c.pairs, ends(c.on_this_test_set), ends(c.on_this_kind),
                       ends(c.on_other_sets),
                       c.by_items ? "mcnemar"
                       : anytime  ? "anytime"
                                  : "sign-flip",
                       anytime ? c.p_anytime : c.p, anytime ? c.p_anytime_holm : c.p_holm,
                       c.wilcoxon_p ? fmt::format("{:.6g}", *c.wilcoxon_p) : "");
  }
  return csv;
}

std::string to_markdown(const StudyOutcome& outcome) {
  std::string text = fmt::format("# {}\n", markdown_text(outcome.name));
  for (const auto& table : outcome.tables) {
    text += fmt::format("\n## {}\n\n| method |{}", title_of(outcome, table), outcome.foreign ? "" : " trained |");
    std::string rule = outcome.foreign ? "|---|" : "|---|--:|";
    for (const auto& column : table.columns) {
      text += fmt::format(" {} |", markdown_text(column));
      rule += "--:|";
    }
    text += fmt::format(" mean | mean rank |\n{}--:|--:|\n", rule);
    for (const auto& row : table.rows) {
      text += fmt::format("| {} |", markdown_text(row.method));
      if (!outcome.foreign) text += fmt::format(" {} |", format_count(row.trained));
      for (const auto& cell : row.cells)
        text += fmt::format(" {} |", number(cell, outcome.percent, " ± ", "-"));
      text += fmt::format(" {} | {} |\n", row.mean ? value_text(*row.mean, outcome.percent) : "-",
                          row.mean_rank ? fmt::format("{:.1f}", *row.mean_rank) : "-");
    }
  }
  text += "\n";
  const auto comparisons = static_cast<int64_t>(outcome.comparisons.size());
  for (const auto& comparison : outcome.comparisons) {
    const auto lines = sentences(comparison, outcome.verdict_options, comparisons, outcome.seconds_a_pair);
    text += fmt::format("- {}: {}", label_of(comparison), markdown_text(lines.front()));
    for (size_t i = 1; i < lines.size(); ++i)
      text += fmt::format("; {}", markdown_text(lines[i]));
    text += "\n";
  }
  return text;
}

std::string to_latex(const StudyOutcome& outcome) {
  std::string text;
  for (const auto& table : outcome.tables) {
    text += fmt::format("% {}, {}\n\\begin{{tabular}}{{l{}{}rr}}\n\\toprule\nmethod{}", latex_text(outcome.name),
                        title_of(outcome, table), outcome.foreign ? "" : "r", std::string(table.columns.size(), 'r'),
                        outcome.foreign ? "" : " & trained");
    for (const auto& column : table.columns)
      text += " & " + latex_text(column);
    text += " & mean & rank \\\\\n\\midrule\n";
    for (const auto& row : table.rows) {
      text += latex_text(row.method);
      if (!outcome.foreign) text += " & " + format_count(row.trained);
      for (const auto& cell : row.cells)
        text += " & " + number(cell, outcome.percent, " $\\pm$ ", "--");
      text += fmt::format(" & {} & {} \\\\\n", row.mean ? value_text(*row.mean, outcome.percent) : "--",
                          row.mean_rank ? fmt::format("{:.1f}", *row.mean_rank) : "--");
    }
    text += "\\bottomrule\n\\end{tabular}\n";
  }
  return text;
}

void write_exports(const StudyOutcome& outcome, const std::string& page, const std::filesystem::path& folder) {
  write_file_atomically(folder / "report.html", page);
  write_file_atomically(folder / "table.csv", to_csv(outcome));
  write_file_atomically(folder / "comparisons.csv", comparisons_csv(outcome));
  write_file_atomically(folder / "table.md", to_markdown(outcome));
  write_file_atomically(folder / "table.tex", to_latex(outcome));
}

}  // namespace graft::study
