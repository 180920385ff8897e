#include "graft/report/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "graft/report/html.h"

namespace graft::report {
namespace {

std::string legend_of(const std::vector<Swatch>& legend) {
  if (legend.empty()) return "";
  std::string entries;
  for (const auto& [name, colour] : legend)
    entries += fmt::format("<span>{}{}</span>", swatch_of(colour), escape(name));
  return "<p class=\"key\">" + entries + "</p>\n";
}

}  // namespace

std::string swatch_of(const Colour& colour) {
  return fmt::format("<span class=\"swatch\" style=\"background:#{:02x}{:02x}{:02x}\"></span>", colour[0], colour[1],
                     colour[2]);
}

std::string picture(const std::string& uri, const std::string& what) {
  return uri.empty() ? std::string("<span class=\"none\">–</span>")
                     : fmt::format("<img src=\"{}\" alt=\"{}\" loading=\"lazy\">", uri, escape(what));
}

std::string to_html(const ContactSheet& sheet) {
  std::vector<size_t> shown;
  for (size_t i = 0; i < sheet.columns.size(); ++i) {
    if (std::ranges::any_of(sheet.photos, [&](const SheetRow& row) { return !row.pictures[i].empty(); }))
      shown.push_back(i);
  }
  std::string heads, rows;
  for (const auto column : shown)
    heads += fmt::format("<th>{}</th>", escape(sheet.columns[column]));
  for (const auto& row : sheet.photos) {
    std::string cells;
    for (const auto column : shown) {
      const auto caption = column != shown.front()
                               ? ""
                               : fmt::format("<div class=\"caption\">{}<br><span class=\"soft\">{}</span></div>",
                                             escape(row.name), escape(row.remark));
      cells += fmt::format("<td>{}{}</td>", picture(row.pictures[column], sheet.columns[column]), caption);
    }
    rows += "<tr>" + cells + "</tr>\n";
  }
  return legend_of(sheet.legend) + "<div class=\"scroll\"><table class=\"sheet\"><thead><tr>" + heads +
         "</tr></thead><tbody>\n" + rows + "</tbody></table></div>";
}

}  // namespace graft::report
