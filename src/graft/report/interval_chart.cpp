#include "graft/report/interval_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graft/report/chart.h"
#include "graft/report/html.h"

namespace graft::report {
namespace {

constexpr double kFullWidth = 440, kEdge = 14, kValues = 56, kRowHeight = 30, kAxisHeight = 20, kAbove = 4;
constexpr size_t kMostLetters = 64;  // of a name, above its line

std::string in_words(double value, bool percent) {
  return percent ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.3f}", value);
}

// Cut between letters, not within one.
std::string shortened(const std::string& name) {
  if (name.size() <= kMostLetters) return name;
  size_t end = kMostLetters - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80)
    --end;
  return name.substr(0, end) + "…";
}

}  // namespace

std::string to_html(const IntervalChart& chart) {
  if (chart.rows.empty()) return "";
  double low = chart.rows.front().value, high = low;
  const auto cover = [&](double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  };
  if (chart.reference) cover(*chart.reference);
  for (const auto& row : chart.rows) {
    cover(row.value);
    if (row.interval) cover(row.interval->low), cover(row.interval->high);
  }
  const auto marks = ticks(low, high, 4);
  const auto x_at = [&](double value) {
    return kEdge + (value - marks.front()) / (marks.back() - marks.front()) * (kFullWidth - 2 * kEdge - kValues);
  };
  const double bottom = kAbove + kRowHeight * static_cast<double>(chart.rows.size());
  std::string svg, spoken = chart.title;
  for (const double mark : marks) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1}V{2}\"/><text x=\"{0:.1f}\" y=\"{3}\" "
        "text-anchor=\"middle\">{4}</text>\n",
        x_at(mark), kAbove, bottom, bottom + 14,
        chart.percent ? fmt::format("{:g} %", std::round(1000 * mark) / 10) : fmt::format("{:g}", mark));
  }
  if (chart.reference)
    svg += fmt::format("<path class=\"axis\" stroke-dasharray=\"3 3\" d=\"M{:.1f} {}V{}\"/>\n", x_at(*chart.reference),
                       kAbove, bottom);
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const auto& row = chart.rows[i];
    const double y = kAbove + kRowHeight * (static_cast<double>(i) + 0.75);
    svg += fmt::format("<text x=\"0\" y=\"{:.1f}\">{}</text>", y - 8, escape(shortened(row.name)));
    if (row.interval)
      svg += fmt::format("<path class=\"interval\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", x_at(row.interval->low), y,
                         x_at(row.interval->high));
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" style=\"fill:var(--accent)\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>\n",
        x_at(row.value), y, kFullWidth, y + 4, in_words(row.value, chart.percent));
    spoken += fmt::format("; {}: {}", row.name, in_words(row.value, chart.percent));
    if (row.interval)
      spoken += fmt::format(", {} to {}", in_words(row.interval->low, chart.percent),
                            in_words(row.interval->high, chart.percent));
  }
  return fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" "
      "aria-label=\"{}\">\n{}</svg></figure>\n",
      escape(chart.title), kFullWidth, bottom + kAxisHeight, kFullWidth, escape(spoken), svg);
}

}  // namespace graft::report
