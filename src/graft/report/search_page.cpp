#include "graft/report/search_page.h"

#include <fmt/format.h>

#include "graft/report/html.h"

namespace graft::report {

std::string to_html(const std::string& subtitle, const std::vector<SearchRow>& rows) {
  std::string body;
  for (const auto& row : rows) {
    std::string figures;
    for (const auto& hit : row.hits) {
      const std::string picture =
          hit.image.empty() ? "" : fmt::format("<img src=\"{}\" alt=\"\" loading=\"lazy\">", hit.image);
      figures += fmt::format("<figure>{}<figcaption><b>{:.3f}</b><br>{}{}</figcaption></figure>\n", picture, hit.cosine,
                             hit.text.empty() ? "" : escape(hit.text) + "<br>", escape(hit.name));
    }
    body += section(row.query, "<div class=\"photos\">\n" + figures + "</div>");
  }
  return page("graft search",
              "<header><h1>graft search</h1><p class=\"soft\">" + escape(subtitle) + "</p></header>\n" + body);
}

}  // namespace graft::report
