#include "graft/report/discovery_page.h"

#include <fmt/format.h>

namespace graft::report {
namespace {

std::string picture(const std::string& uri, std::string_view what) {
  return uri.empty() ? std::string("<span class=\"none\">–</span>")
                     : fmt::format("<img src=\"{}\" alt=\"{}\" loading=\"lazy\">", uri, escape(what));
}

std::string sheet_of(const std::vector<StagePictures>& photos) {
  std::string rows;
  for (const auto& photo : photos) {
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"name\">{}<br><span class=\"soft\">{}"
        "</span></td></tr>\n",
        picture(photo.photo, "photo"), picture(photo.saliency, "saliency"), picture(photo.region, "region"),
        picture(photo.mask, "pseudo mask"), escape(photo.name), escape(photo.remark));
  }
  return "<div class=\"scroll\"><table class=\"stages\"><thead><tr><th>photo</th><th>saliency</th><th>region</th>"
         "<th>pseudo mask</th><th></th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>";
}

std::string rows_of(const std::vector<ClusterRow>& clusters) {
  std::string all;
  for (const auto& cluster : clusters) {
    std::string crops;
    for (const auto& crop : cluster.crops)
      crops += picture(crop, "crop");
    all += fmt::format(
        "<div class=\"cluster\"><p><b>{}</b> <span class=\"soft\">{}</span></p><div class=\"crops\">{}"
        "</div></div>\n",
        escape(cluster.name), escape(cluster.remark), crops);
  }
  return all;
}

}  // namespace

std::string to_html(const DiscoveryPage& page) {
  std::string body =
      fmt::format("<header><h1>graft segment discover</h1><p class=\"soft\">{}</p></header>\n", escape(page.subtitle));
  body += section("Clusters", rows_of(page.clusters));
  body += section("Stages", sheet_of(page.photos));
  body += section("Facts", facts_table(page.facts));
  body += section("Again", code_block(page.command));
  return report::page("graft segment discover", body);
}

}  // namespace graft::report
