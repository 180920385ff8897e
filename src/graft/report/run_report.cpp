#include "graft/report/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graft/core/interval.h"

namespace graft::report {
namespace {

constexpr size_t kLargestMatrix = 40;  // classes; beyond that only the pairs that are mistaken most
constexpr size_t kPairs = 25;
constexpr size_t kRows = 1000;  // classes in the table, the worst first

std::string headline(const RunReport& report) {
  if (report.classes.empty()) {
    return fmt::format("<p class=\"headline\"><span>of the test {}<br><strong>{}</strong></span></p>\n", report.unit,
                       escape(report.scores));
  }
  const auto interval = wilson_interval(report.correct, report.count);
  const double share = report.count > 0 ? static_cast<double>(report.correct) / static_cast<double>(report.count) : 0;
  return fmt::format(
      "<p class=\"headline\"><strong>{:.1f} %</strong><span>of {} test {} right<br><span class=\"soft\">95 % "
      "interval {:.1f} to "
      "{:.1f} · mean per class {:.1f} %</span></span></p>\n",
      100 * share, report.count, report.unit, 100 * interval.low, 100 * interval.high, 100 * report.mean_per_class);
}

std::string class_table(std::vector<ClassScore> classes) {
  const auto share = [](const ClassScore& c) { return static_cast<double>(c.correct) / static_cast<double>(c.count); };
  std::erase_if(classes, [](const ClassScore& c) { return c.count == 0; });
  std::stable_sort(classes.begin(), classes.end(), [&](const auto& a, const auto& b) { return share(a) < share(b); });
  std::string rows, rest;
  if (classes.size() > kRows) {
    rest = fmt::format("<p class=\"soft\">The worst {} of {} classes.</p>", kRows, classes.size());
    classes.resize(kRows);
  }
  for (const auto& c : classes) {
    const auto interval = wilson_interval(c.correct, c.count);
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"number\">{:.0f} %</td><td>{}</td><td class=\"number soft\">{} of "
        "{}</td></tr>\n",
        escape(c.name), 100 * share(c), share_bar(share(c), interval.low, interval.high), c.correct, c.count);
  }
  return rest +
         "<div class=\"scroll\"><table>\n<thead><tr><th>class</th><th class=\"number\">right</th><th>with 95 % "
         "interval</th>"
         "<th class=\"number\">photos</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>";
}

std::string confusion_matrix(const RunReport& report) {
  ConfusionMatrix matrix;
  for (const auto& c : report.classes)
    matrix.truth.push_back(c.name);
  matrix.told = matrix.truth;
  matrix.counts.assign(matrix.truth.size() * matrix.told.size(), 0);
  for (const auto& pair : report.confusion)
    matrix.counts[pair.truth * matrix.told.size() + pair.predicted] = pair.photos;
  return to_html(matrix);
}

std::string confused_pairs(const RunReport& report) {
  std::vector<Confusion> pairs = report.confusion;
  std::erase_if(pairs, [](const Confusion& pair) { return pair.truth == pair.predicted; });
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.photos > b.photos; });
  if (pairs.size() > kPairs) pairs.resize(kPairs);
  std::string rows;
  for (const auto& pair : pairs) {
    rows +=
        fmt::format("<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"number\">{}</td></tr>\n",
                    escape(report.classes[pair.truth].name), escape(report.classes[pair.predicted].name), pair.photos);
  }
  return "<table><thead><tr><th>shows</th><th>taken for</th><th class=\"number\">photos</th></tr></thead>\n<tbody>" +
         rows + "</tbody></table>";
}

// By intersection over union, the lowest first.
std::string area_table(std::vector<ClassArea> areas) {
  std::ranges::stable_sort(areas, {}, [](const ClassArea& area) { return area.iou; });
  std::string rows;
  for (const auto& area : areas) {
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"number\">{:.1f} %</td><td>{}</td><td class=\"number soft\">{:.1f} %"
        "</td></tr>\n",
        escape(area.name), 100 * area.iou, share_bar(area.iou), 100 * area.share);
  }
  return "<div class=\"scroll\"><table>\n<thead><tr><th>class</th><th class=\"number\">IoU</th><th></th>"
         "<th class=\"number\">of the pixels</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>";
}

// A text whose words are marked by what they speak for.
std::string marked_words(const std::vector<std::pair<std::string, double>>& words) {
  if (words.empty()) return "";
  std::string text;
  for (const auto& [word, weight] : words) {
    const char* kind = weight > 0 ? "for" : "against";
    text += fmt::format("<span class=\"word {}\" style=\"--weight:{:.0f}\" title=\"{:+.2f}\">{}</span>", kind,
                        100 * std::min(1.0, std::abs(weight)), weight, escape(word));
  }
  return "<p class=\"marked\">" + text + "</p>";
}

// A path that has no room on a line breaks between its folders.
std::string path_that_breaks(const std::string& path) {
  std::string text;
  for (const char c : path)
    text += c == '/' ? "/<wbr>" : escape({&c, 1});
  return text;
}

std::string gallery(const std::vector<Mistake>& mistakes) {
  std::string figures;
  for (const auto& m : mistakes) {
    std::string picture = m.images.empty() ? marked_words(m.words) : "";
    for (const auto& image : m.images)
      picture += fmt::format("<img src=\"{}\" alt=\"\" loading=\"lazy\">", image);
    figures += fmt::format(
        "<figure{}>{}<figcaption>taken for <b>{}</b>, {:.0f}&nbsp;%<br>shows <b>{}</b><br>{}</figcaption></figure>\n",
        m.images.size() > 1 ? " class=\"strip\"" : "", picture, escape(m.predicted), 100 * m.probability,
        escape(m.truth), path_that_breaks(m.file));
  }
  return "<div class=\"photos\">\n" + figures + "</div>";
}

}  // namespace

std::string to_html(const RunReport& report) {
  std::string body = fmt::format("<header><h1>{}</h1><p class=\"soft\">{}</p></header>\n", escape(report.title),
                                 escape(report.subtitle));
  body += headline(report);
  body += section("Run it again", code_block(report.command));
  std::string curves;
  for (const auto& chart : report.charts)
    curves += to_html(chart);
  if (!curves.empty()) body += section("Training", "<div class=\"two\">" + curves + "</div>");
  if (!report.classes.empty()) body += section("Class by class", class_table(report.classes));
  if (!report.confusion.empty()) {
    const bool small = report.classes.size() <= kLargestMatrix;
    body += section(small ? "What is taken for what" : "What is mistaken most",
                    small ? confusion_matrix(report) : confused_pairs(report));
  }
  if (!report.masks.photos.empty())
    body += section("Photos, what is told of them, and the truth", to_html(report.masks));
  if (!report.areas.empty()) body += section("Class by class", area_table(report.areas));
  if (!report.pixels.truth.empty()) body += section("What pixels are taken for", to_html(report.pixels));
  if (!report.mistakes.empty()) body += section("The most confident mistakes", gallery(report.mistakes));
  body += section("Cost", facts_table(report.cost));
  body += section("Options", facts_table(report.options));
  body += section("Environment", facts_table(report.environment));
  return page(report.title, body);
}

}  // namespace graft::report
