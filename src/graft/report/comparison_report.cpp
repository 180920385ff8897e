#include "graft/report/comparison_report.h"

#include <fmt/format.h>

#include <tuple>

namespace graft::report {
namespace {

// Equal ends of the interval: it is not known.
std::string gain_cell(const Measured& measured, bool first) {
  if (first) return "<td></td>";
  const auto [gain, low, high] = std::tuple(measured.gain, measured.gain_low, measured.gain_high);
  const bool interval = high > low;
  const bool sure = interval && (low > 0 || high < 0);
  const char* kind = !sure ? "" : gain > 0 ? " gain" : " loss";
  const std::string range =
      interval ? fmt::format(" <span class=\"soft\">({:+.1f} to {:+.1f})</span>", 100 * low, 100 * high) : "";
  return fmt::format("<td class=\"number{}\">{:+.1f}{}</td>", kind, 100 * gain, range);
}

// 303360 -> "303 360", with a narrow space that does not break
std::string grouped(int64_t count) {
  std::string digits = std::to_string(count);
  for (auto i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<size_t>(i), "&#8239;");
  return digits;
}

std::string table(const ComparisonTable& table) {
  std::string rows;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const std::string name = row.report.empty()
                                 ? escape(row.name)
                                 : fmt::format("<a href=\"{}\">{}</a>", escape(row.report), escape(row.name));
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"number\">{:.1f} %</td><td>{}</td>{}"
        "<td class=\"number\">{:.1f} %</td>{}<td "
        "class=\"number soft\">{:.1f} s</td></tr>\n",
        name, grouped(row.trained), 100 * row.per_class.value,
        share_bar(row.per_class.value, row.per_class.low, row.per_class.high), gain_cell(row.per_class, i == 0),
        100 * row.accuracy.value, gain_cell(row.accuracy, i == 0), row.seconds);
  }
  return fmt::format(
      "<div class=\"scroll\"><table><thead><tr><th>method</th><th class=\"number\">trained</th><th "
      "class=\"number\">mean per class</th>"
      "<th>with 95 % interval</th><th class=\"number\">points against {}</th>"
      "<th class=\"number\">accuracy</th><th class=\"number\">points</th><th "
      "class=\"number\">time</th></tr></thead>\n<tbody>\n{}</tbody></table></div>",
      table.rows.empty() ? "" : escape(table.rows.front().name), rows);
}

}  // namespace

std::string to_html(const ComparisonReport& report) {
  std::string body = fmt::format("<header><h1>{}</h1><p class=\"soft\">{}</p></header>\n", escape(report.title),
                                 escape(report.subtitle));
  for (const auto& part : report.tables)
    body += section(part.title, table(part));
  std::string notes;
  for (const auto& note : report.notes)
    notes += fmt::format("<p class=\"soft\">{}</p>\n", escape(note));
  body += notes;
  std::string curves;
  for (const auto& chart : report.charts)
    curves += to_html(chart);
  if (!curves.empty()) body += section("Accuracy", "<div class=\"two\">" + curves + "</div>");
  body += section("Run it again", code_block(report.command));
  body += section("Environment", facts_table(report.environment));
  return page(report.title, body);
}

}  // namespace graft::report
