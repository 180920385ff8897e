#include "graft/report/confusion_matrix.h"

#include <fmt/format.h>

#include <numeric>

#include "graft/report/html.h"

namespace graft::report {
namespace {

constexpr double kDark = 50;  // percent, from which letters are light

std::string row_of(const ConfusionMatrix& matrix, size_t row) {
  const auto width = matrix.told.size();
  const auto first = matrix.counts.begin() + static_cast<std::ptrdiff_t>(row * width);
  const int64_t total = std::accumulate(first, first + static_cast<std::ptrdiff_t>(width), int64_t{0});
  std::string cells;
  for (size_t column = 0; column < width; ++column) {
    const int64_t count = matrix.counts[row * width + column];
    const double share = total > 0 ? 100.0 * static_cast<double>(count) / static_cast<double>(total) : 0;
    std::string text = count > 0 ? std::to_string(count) : "";
    if (matrix.in_percent) text = share >= 0.5 ? fmt::format("{:.0f}", share) : "";
    cells += fmt::format("<td class=\"{}{}\" style=\"--share:{:.0f}\" title=\"{} as {}: {}\">{}</td>",
                         row == column ? "right " : "", share > kDark ? "dark" : "", share, escape(matrix.truth[row]),
                         escape(matrix.told[column]), count, text);
  }
  return fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n", escape(matrix.truth[row]), cells);
}

}  // namespace

std::string to_html(const ConfusionMatrix& matrix) {
  std::string head, body;
  for (const auto& name : matrix.told)
    head += fmt::format("<th scope=\"col\"><span>{}</span></th>", escape(name));
  for (size_t row = 0; row < matrix.truth.size(); ++row)
    body += row_of(matrix, row);
  const auto said = matrix.in_percent
                        ? fmt::format(
                              "A row is what {} are of, a column what they were told to be, in percent of the "
                              "row.",
                              matrix.unit)
                        : "A row is what a photo shows, a column what it was taken for; the shade is the share of the "
                          "row.";
  return "<p class=\"soft\">" + escape(said) +
         "</p><div class=\"scroll\"><table class=\"confusion\"><thead><tr><td></td>" + head +
         "</tr></thead>\n<tbody>\n" + body + "</tbody></table></div>";
}

}  // namespace graft::report
