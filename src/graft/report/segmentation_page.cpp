#include "graft/report/segmentation_page.h"

#include <fmt/format.h>

#include "graft/core/interval.h"

namespace graft::report {
namespace {

std::string words_of(const Purity& purity) {
  if (purity.known == 0) return "<span class=\"soft\">no crop of it has a true mask</span>";
  const double share = static_cast<double>(purity.of_most) / static_cast<double>(purity.known);
  const auto interval = wilson_interval(purity.of_most, purity.known);
  return fmt::format("{}<span>{:.0f} % {} <span class=\"soft\">({} of {})</span></span>",
                     share_bar(share, interval.low, interval.high), 100 * share, escape(purity.of_class),
                     purity.of_most, purity.known);
}

std::string rows_of(const std::vector<ClusterRow>& clusters) {
  std::string all;
  for (const auto& cluster : clusters) {
    std::string crops;
    for (const auto& crop : cluster.crops)
      crops += picture(crop, "crop");
    all += fmt::format(
        "<div class=\"cluster\"><p><b>{}{}</b> <span class=\"soft\">{}</span>{}</p><div class=\"crops\">{}"
        "</div></div>\n",
        swatch_of(cluster.colour), escape(cluster.name), escape(cluster.remark),
        cluster.purity ? words_of(*cluster.purity) : "", crops);
  }
  return all;
}

std::string curves_of(const std::vector<LineChart>& rounds) {
  std::string curves;
  for (const auto& chart : rounds)
    curves += to_html(chart);
  return curves.empty() ? "" : section("Rounds of training", "<div class=\"two\">" + curves + "</div>");
}

}  // namespace

std::string to_html(const SegmentationPage& page) {
  std::string body =
      fmt::format("<header><h1>{}</h1><p class=\"soft\">{}</p></header>\n", escape(page.title), escape(page.subtitle));
  if (!page.headline.empty())
    body += fmt::format("<p class=\"headline\"><strong>{}</strong> <span>{}</span></p>\n", escape(page.headline),
                        escape(page.said));
  if (page.scores.rows.size() > 1) body += section("Stage by stage", to_html(page.scores));
  if (!page.photos.photos.empty()) body += section("Photos through the stages", to_html(page.photos));
  if (!page.clusters.empty()) body += section("Clusters", rows_of(page.clusters));
  body += curves_of(page.rounds);
  if (!page.classes.empty())
    body += section("Class by class",
                    to_html(IntervalChart{.title = "intersection over union", .rows = page.classes, .percent = true}));
  if (!page.confusion.truth.empty()) body += section("What pixels are taken for", to_html(page.confusion));
  if (!page.facts.empty()) body += section("Facts", facts_table(page.facts));
  body += section("Again", code_block(page.command));
  return report::page(page.title, body);
}

}  // namespace graft::report
