#include "graft/report/swap_page.h"

#include <fmt/format.h>

#include <string_view>

namespace graft::report {
namespace {

std::string cell(const SwapPicture& shown, std::string_view what) {
  if (shown.picture.empty()) return "<td><span class=\"none\">–</span></td>";
  return fmt::format(
      "<td><img src=\"{}\" alt=\"{}\" loading=\"lazy\"><span class=\"{}\">{}</span><br><span class=\"soft\">{}</span>"
      "</td>",
      shown.picture, escape(what), shown.right ? "gain" : "loss", escape(shown.answer), escape(shown.remark));
}

std::string sheet_of_swaps(const std::vector<SwappedPhoto>& photos) {
  std::string rows;
  for (const auto& photo : photos) {
    rows += fmt::format("<tr>{}{}{}{}<td class=\"name\">{}<br><span class=\"soft\">{}</span></td></tr>\n",
                        cell(photo.photo, "photo"), cell(photo.same, "on a background of its class"),
                        cell(photo.other, "on a background of another class"), cell(photo.alone, "background alone"),
                        escape(photo.name), escape(photo.of_class));
  }
  return "<div class=\"scroll\"><table class=\"stages\"><thead><tr><th>photo</th><th>background of its class</th>"
         "<th>of another class</th><th>background alone</th><th></th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>";
}

std::string table_of_words(const std::vector<std::vector<std::string>>& rows) {
  std::string body;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string cells;
    for (size_t c = 0; c < rows[i].size(); ++c) {
      cells += i == 0 ? fmt::format("<th{}>{}</th>", c == 0 ? "" : " class=\"number\"", escape(rows[i][c]))
                      : fmt::format("<td class=\"{}\">{}</td>", c == 0 ? "name" : "number", escape(rows[i][c]));
    }
    body += i == 0 ? fmt::format("<thead><tr>{}</tr></thead><tbody>\n", cells) : fmt::format("<tr>{}</tr>\n", cells);
  }
  return "<div class=\"scroll\"><table>" + body + "</tbody></table></div>";
}

}  // namespace

std::string to_html(const SwapPage& page) {
  std::string body =
      fmt::format("<header><h1>graft segment swap</h1><p class=\"soft\">{}</p></header>\n", escape(page.subtitle));
  body += fmt::format("<p class=\"headline\"><strong>{}</strong> <span>{}</span></p>\n", escape(page.headline),
                      escape(page.said));
  body += section("Answers by background", table_of_words(page.table));
  body += section("With 95 % intervals over photos",
                  "<div class=\"two\">" + to_html(page.answers) + to_html(page.effects) + "</div>");
  body += section("Photos and how the answer moved", sheet_of_swaps(page.photos));
  body += section("Facts", facts_table(page.facts));
  body += section("Again", code_block(page.command));
  return report::page("graft segment swap", body);
}

}  // namespace graft::report
