#include "graft/study/study_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/quantities.h"
#include "graft/report/chart.h"
#include "graft/report/scatter.h"
#include "graft/study/study_sections.h"

namespace graft::study {
namespace {

using report::escape;

constexpr size_t kShownClasses = 8;  // at each end

std::string share(double value, bool percent) {
  return value_text(value, percent) + (percent ? " %" : "");
}

std::string claims(const StudyOutcome& outcome) {
  const auto comparisons = static_cast<int64_t>(outcome.comparisons.size());
  std::string rows;
  for (const auto& comparison : outcome.comparisons) {
    const auto lines = sentences(comparison, outcome.verdict_options, comparisons, outcome.seconds_a_pair);
    std::string more;
    for (size_t i = 1; i < lines.size(); ++i)
      more += fmt::format("<br><span class=\"soft\">{}</span>", escape(lines[i]));
    rows += fmt::format("<dt{}>{}</dt><dd>{}{}</dd>\n", is_win(comparison) ? " class=\"gain\"" : "",
                        label_of(comparison), escape(lines.front()), more);
  }
  if (const auto text = unequal_efforts(outcome.search); !text.empty())
    rows += fmt::format("<dt class=\"loss\">unfair</dt><dd>{}</dd>\n", escape(text));
  for (const auto& [run, error] : outcome.failures)
    rows += fmt::format("<dt class=\"loss\">failed</dt><dd>{}: {}</dd>\n", escape(run), escape(error));
  if (outcome.there < outcome.runs && !outcome.decided)
    rows += fmt::format("<dt>unfinished</dt><dd>{} of {} runs are there</dd>\n", outcome.there, outcome.runs);
  if (outcome.machines.size() > 1)
    rows += fmt::format("<dt>mixed</dt><dd>runs of {} builds or machines: {}</dd>\n", outcome.machines.size(),
                        escape(fmt::format("{}", fmt::join(outcome.machines, "; "))));
  return "<dl>\n" + rows + "</dl>";
}

std::string table_html(const StudyOutcome& outcome, const StudyTable& table) {
  std::string head = "<th>method</th>";
  if (!outcome.foreign) head += "<th class=\"number\">trained</th>";
  for (const auto& column : table.columns)
    head += fmt::format("<th class=\"number\">{}</th>", escape(column));
  const bool several = table.columns.size() > 1;
  if (several) head += "<th class=\"number\">mean</th><th class=\"number\">mean rank</th>";
  if (!outcome.foreign) head += "<th class=\"number\">a run</th>";
  std::string rows;
  for (const auto& row : table.rows) {
    rows += fmt::format("<tr><td class=\"name\">{}</td>", escape(row.method));
    if (!outcome.foreign) rows += fmt::format("<td class=\"number\">{}</td>", format_count(row.trained));
    for (const auto& cell : row.cells) {
      std::string text =
          cell.values.empty() ? (cell.failed > 0 ? "failed" : "–") : share(cell.summary.mean, outcome.percent);
      if (const auto half = half_width(cell))
        text += fmt::format(" <span class=\"soft\">±{}</span>", value_text(*half, outcome.percent));
      if (cell.diverged > 0) text += fmt::format(" <span class=\"loss\">{} diverged</span>", cell.diverged);
      rows += fmt::format("<td class=\"number\">{}</td>", text);
    }
    if (several) {
      rows += fmt::format("<td class=\"number\">{}</td><td class=\"number\">{}</td>",
                          row.mean ? share(*row.mean, outcome.percent) : "–",
                          row.mean_rank ? fmt::format("{:.1f}", *row.mean_rank) : "–");
    }
    if (!outcome.foreign) rows += fmt::format("<td class=\"number soft\">{:.1f} s</td>", row.seconds);
    rows += "</tr>\n";
  }
  return fmt::format("<div class=\"scroll\"><table><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>", head,
                     rows);
}

std::string curves(const StudyOutcome& outcome) {
  if (outcome.tables.size() < 2) return "";
  std::string all;
  for (size_t c = 0; c < outcome.tables.front().columns.size(); ++c) {
    report::LineChart chart{outcome.tables.front().columns[c], "labelled examples a class", {}, outcome.percent};
    for (size_t m = 0; m < outcome.tables.front().rows.size(); ++m) {
      auto& series = chart.series.emplace_back(report::Series{outcome.tables.front().rows[m].method, {}});
      for (const auto& table : outcome.tables) {
        const auto& cell = table.rows[m].cells[c];
        if (!cell.values.empty()) series.points.emplace_back(static_cast<double>(table.shots), cell.summary.mean);
      }
      std::sort(series.points.begin(), series.points.end());
    }
    all += report::to_html(chart);
  }
  return all;
}

std::string costs(const StudyOutcome& outcome) {
  if (outcome.foreign) return "";
  const auto& table = outcome.tables.back();
  report::Scatter parameters{"against trained parameters", "parameters", {}, true, outcome.percent};
  report::Scatter seconds{"against the time of a run", "seconds", {}, true, outcome.percent};
  for (const auto& row : table.rows) {
    if (!row.mean) continue;
    parameters.points.push_back({row.method, static_cast<double>(row.trained), *row.mean});
    seconds.points.push_back({row.method, row.seconds, *row.mean});
  }
  return report::to_html(parameters) + report::to_html(seconds);
}

// Confidence against what came true; on the diagonal they agree.
std::string calibration(const StudyOutcome& outcome) {
  report::LineChart chart{"share right at each confidence", "confidence", {{"agreement", {{0, 0}, {1, 1}}}}, true};
  std::string rows;
  for (const auto& one : outcome.calibration) {
    auto& series = chart.series.emplace_back(report::Series{one.method, one.bins});
    std::sort(series.points.begin(), series.points.end());
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"number\">{:.1f}</td><td class=\"number soft\">{:.1f}</td></tr>\n",
        escape(one.method), 100 * one.error, 100 * one.expected_if_calibrated);
  }
  if (rows.empty()) return "";
  return fmt::format(
      "<div class=\"two\">{}<div class=\"scroll\"><table><thead><tr><th>method</th><th class=\"number\">calibration "
      "error, points</th><th class=\"number\">if calibrated</th></tr></thead>\n<tbody>\n{}</tbody></table></div></div>",
      report::to_html(chart), rows);
}

std::string classes(const Details& details) {
  std::string rows;
  for (size_t i = 0; i < details.classes.size(); ++i) {
    if (i >= kShownClasses && i + kShownClasses < details.classes.size()) continue;
    const auto& delta = details.classes[i];
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td>{}</td><td class=\"number{}\">{:+.1f}</td><td class=\"number "
        "soft\">{}</td></tr>\n",
        escape(delta.name), escape(delta.data),
        delta.points > 0   ? " gain"
        : delta.points < 0 ? " loss"
                           : "",
        delta.points, delta.examples);
  }
  if (rows.empty()) return "";
  return fmt::format(
      "<div class=\"scroll\"><table><thead><tr><th>class</th><th>data set</th><th class=\"number\">points</th><th "
      "class=\"number\">test examples</th></tr></thead>\n<tbody>\n{}</tbody></table></div>",
      rows);
}

std::string disagreements(const Details& details, const PageOptions& options) {
  std::string figures;
  for (const auto& one : details.disagreements) {
    const std::string picture = options.picture ? options.picture(one.data, one.file) : "";
    figures += fmt::format(
        "<figure>{}<figcaption><b>{}</b><br>{} right in {} of {}, {} in {} of {}<br>{}</figcaption></figure>\n",
        picture.empty() ? "" : fmt::format("<img src=\"{}\" alt=\"{}\">", picture, escape(one.file)), escape(one.label),
        escape(details.first), one.first_right, one.first_runs, escape(details.second), one.second_right,
        one.second_runs, escape(one.file));
  }
  return figures.empty() ? "" : "<div class=\"photos\">\n" + figures + "</div>";
}

}  // namespace

std::string to_html(const StudyOutcome& outcome, const PageOptions& options) {
  const auto& first = outcome.tables.front();
  std::string body = fmt::format(
      "<header><h1>{}</h1><p class=\"soft\">{} methods on {} data set{}, {} runs; {} decides</p></header>\n",
      escape(outcome.name), first.rows.size(), first.columns.size(), first.columns.size() == 1 ? "" : "s",
      outcome.there, escape(outcome.metric));
  body += report::section("What may be said", claims(outcome));
  if (const auto text = comparisons_section(outcome); !text.empty()) body += report::section("The comparisons", text);
  if (!outcome.ladder.empty()) {
    std::string rungs;
    for (const auto& rung : outcome.ladder)
      rungs += fmt::format("<li>{}</li>\n", escape(print(rung)));
    body += report::section("The ladder", "<ul>\n" + rungs + "</ul>");
  }
  for (const auto& table : outcome.tables)
    body += report::section(outcome.foreign   ? "Predictions"
                            : table.shots > 0 ? shots_text(table.shots) + " a class"
                                              : "All labels",
                            table_html(outcome, table));
  body +=
      "<p class=\"soft\">Means over the runs, ± half a 95 % interval over seeds (Student): it speaks of these test "
      "examples.</p>\n";
  if (!outcome.budget.empty())
    body += fmt::format("<p class=\"soft\">Budget of each run: {}.</p>\n", escape(outcome.budget));
  if (const auto text = search_section(outcome); !text.empty()) body += report::section("Search", text);
  if (const auto text = curves(outcome); !text.empty())
    body += report::section("Over shots", "<div class=\"two\">" + text + "</div>");
  if (const auto text = costs(outcome); !text.empty())
    body += report::section("What it costs", "<div class=\"two\">" + text + "</div>");
  if (const auto text = aggregates_section(outcome); !text.empty()) body += report::section("All runs together", text);
  if (outcome.ranks) {
    const auto& ranks = *outcome.ranks;
    body += report::section(
        "Ranks", report::to_html(report::RankPicture{ranks.methods, ranks.mean_ranks, ranks.bars, ranks.difference}) +
                     fmt::format("<p class=\"soft\">Friedman p = {:.2g} over {} data sets, Nemenyi's difference at "
                                 "0.05. A picture: claims are "
                                 "those above, which do not depend on the other methods.</p>",
                                 ranks.p, ranks.sets));
  }
  if (outcome.details) {
    const auto& details = *outcome.details;
    const std::string who = fmt::format("{} against {}", details.first, details.second);
    if (const auto text = classes(details); !text.empty()) body += report::section(who + ", by class", text);
    if (const auto text = disagreements(details, options); !text.empty())
      body += report::section(who + ", where they differ most", text);
  }
  if (const auto text = alignment_section(outcome); !text.empty())
    body += report::section("How far the features have moved", text);
  if (const auto text = calibration(outcome); !text.empty()) body += report::section("Calibration", text);
  body += report::section("Run it again", report::code_block(options.command));
  body += report::section("Environment", report::facts_table(options.environment));
  return report::page(outcome.name, body);
}

}  // namespace graft::study
