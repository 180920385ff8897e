#include "graft/report/survey_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "graft/report/chart.h"
#include "graft/report/html.h"

namespace graft::report {
namespace {

constexpr std::size_t kMostRows = 100;

std::string table(const std::vector<std::string>& heads, const std::vector<SurveyedSet::Row>& rows, std::size_t names) {
  std::string text = "<div class=\"scroll\"><table><thead><tr>";
  for (std::size_t k = 0; k < heads.size(); ++k)
    text += fmt::format("<th{}>{}</th>", k < names ? "" : " class=\"number\"", escape(heads[k]));
  text += "</tr></thead><tbody>\n";
  for (std::size_t k = 0; k < std::min(rows.size(), kMostRows); ++k) {
    text += "<tr>";
    for (std::size_t c = 0; c < rows[k].cells.size(); ++c)
      text += fmt::format("<td{}>{}</td>", c < names ? "" : " class=\"number\"", escape(rows[k].cells[c]));
    text += "</tr>\n";
  }
  text += "</tbody></table></div>";
  if (rows.size() > kMostRows) text += fmt::format("<p class=\"soft\">and {} more</p>", rows.size() - kMostRows);
  return text;
}

std::string folded(const std::string& title, const std::string& body) {
  return "<details><summary>" + escape(title) + "</summary>\n" + body + "</details>\n";
}

std::string side_by_side(const std::vector<SurveyedSet>& sets) {
  std::vector<std::string> heads = {""};
  std::vector<SurveyedSet::Row> rows;
  for (const auto& set : sets)
    heads.push_back(set.name);
  for (std::size_t k = 0; k < sets.front().facts.size(); ++k) {
    SurveyedSet::Row row{{sets.front().facts[k].first}};
    for (const auto& set : sets)
      row.cells.push_back(set.facts[k].second);
    rows.push_back(std::move(row));
  }
  return table(heads, rows, 1);
}

LineChart tails(const std::vector<SurveyedSet>& sets) {
  LineChart chart{"boxes of each class, the most frequent first", "class", {}};
  chart.logarithmic = true;
  for (const auto& set : sets) {
    auto boxes = set.boxes_of;
    std::ranges::sort(boxes, std::greater{});
    while (!boxes.empty() && boxes.back() == 0)
      boxes.pop_back();
    Series series{set.name, {}};
    for (std::size_t k = 0; k < boxes.size(); ++k)
      series.points.emplace_back(static_cast<double>(k + 1), static_cast<double>(boxes[k]));
    chart.series.push_back(std::move(series));
  }
  return chart;
}

// Shares of all boxes, at the middles of bins that divide [from, to].
LineChart shares(const std::string& title, const std::string& axis, double from, double to,
                 const std::vector<SurveyedSet>& sets, std::vector<std::size_t> SurveyedSet::*histogram) {
  LineChart chart{title, axis, {}, true};
  for (const auto& set : sets) {
    const auto& counts = set.*histogram;
    const double all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
    Series series{set.name, {}};
    for (std::size_t k = 0; k < counts.size() && all > 0; ++k)
      series.points.emplace_back(
          from + (to - from) * (static_cast<double>(k) + 0.5) / static_cast<double>(counts.size()),
          static_cast<double>(counts[k]) / all);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::string centres(const SurveyedSet& set) {
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(set.centres.size()))));
  const double most = static_cast<double>(std::max<std::size_t>(1, *std::ranges::max_element(set.centres)));
  constexpr std::size_t kCell = 12;
  std::string cells;
  for (std::size_t k = 0; k < set.centres.size(); ++k)
    cells +=
        fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" style=\"fill:var(--accent);opacity:{:.3f}\"/>",
                    k % side * kCell, k / side * kCell, kCell, kCell, static_cast<double>(set.centres[k]) / most);
  return fmt::format(
      "<figure><figcaption>centres of boxes: {}</figcaption><svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" "
      "aria-label=\"where boxes lie in their images, {}\"><rect class=\"track\" width=\"{}\" "
      "height=\"{}\"/>{}</svg></figure>\n",
      escape(set.name), side * kCell, side * kCell, side * kCell, escape(set.name), side * kCell, side * kCell, cells);
}

std::string samplers(const SurveyedSet& set) {
  LineChart chart{
      "share of the images drawn in which a class is seen: " + set.name, "class, by what uniform drawing shows", {}};
  chart.logarithmic = true;
  if (set.seen.empty()) return "";
  std::vector<std::size_t> order(set.seen.front().second.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& uniform = set.seen.front().second;
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return uniform[a] > uniform[b]; });
  while (!order.empty() && uniform[order.back()] <= 0)
    order.pop_back();
  for (const auto& [name, seen] : set.seen) {
    Series series{name, {}};
    for (std::size_t k = 0; k < order.size(); ++k)
      series.points.emplace_back(static_cast<double>(k + 1), seen[order[k]]);
    chart.series.push_back(std::move(series));
  }
  return to_html(chart);
}

std::string pictures(const std::vector<SamePictures>& same, std::size_t in_all) {
  std::string body = fmt::format("<p>{} pairs{}.</p>\n", in_all,
                                 in_all > same.size() ? fmt::format(", the first {}", same.size()) : "");
  for (const auto& pair : same) {
    const auto figure = [](const std::string& name, const std::string& image) {
      const std::string picture = image.empty() ? "" : fmt::format("<img src=\"{}\" alt=\"\" loading=\"lazy\">", image);
      return "<figure>" + picture + "<figcaption>" + escape(name) + "</figcaption></figure>";
    };
    body += "<p class=\"soft\">" + escape(pair.how) + "</p><div class=\"photos\">" +
            figure(pair.first, pair.first_image) + figure(pair.second, pair.second_image) + "</div>\n";
  }
  return body;
}

}  // namespace

std::string survey_page(const std::vector<SurveyedSet>& sets, const std::vector<std::string>& per_image_names,
                        const std::vector<SurveyedAgreement>& agreements, const std::vector<SamePictures>& same,
                        std::size_t same_in_all) {
  std::string names;
  for (const auto& set : sets)
    names += (names.empty() ? "" : ", ") + set.name;
  std::string body = "<header><h1>graft data stats</h1><p class=\"soft\">" + escape(names) + "</p></header>\n";
  body += section("In short", side_by_side(sets));
  body += section("The tail", to_html(tails(sets)));
  std::string classes, pairs, maps, drawn;
  for (const auto& set : sets) {
    classes += folded(set.name, table({"class", "boxes", "images", "looked for in"}, set.classes, 1));
    pairs += folded(set.name, table({"class", "class", "images", "times as often as by chance"}, set.pairs, 2));
    maps += centres(set);
    drawn += samplers(set);
  }
  body += section("Classes", classes);
  std::vector<SurveyedSet::Row> per_image;
  for (std::size_t k = 0; k < per_image_names.size(); ++k) {
    SurveyedSet::Row row{{per_image_names[k]}};
    for (const auto& set : sets)
      row.cells.push_back(fmt::format("{}", set.per_image[k]));
    per_image.push_back(std::move(row));
  }
  std::vector<std::string> heads = {"boxes in an image"};
  for (const auto& set : sets)
    heads.push_back(set.name);
  body += section("Boxes", "<div class=\"two\">" +
                               to_html(shares("side of the box as a share of the image's", "share", 0, 1, sets,
                                              &SurveyedSet::share)) +
                               to_html(shares("width over height", "log2", -4, 4, sets, &SurveyedSet::aspect)) +
                               "</div>\n" + table(heads, per_image, 1) + "<div class=\"two\">" + maps + "</div>");
  body += section("Side by side in images", pairs);
  body += section("What a sampler would show", drawn);
  for (const auto& agreement : agreements)
    body += section(agreement.title, "<p>" + escape(agreement.sentence) + "</p>" +
                                         table({"one calls it", "the other", "boxes"}, agreement.names, 2));
  if (!same.empty()) body += section("Photos that are there twice", pictures(same, same_in_all));
  return page("graft data stats", body);
}

}  // namespace graft::report
