#include "graft/report/timeline_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "graft/core/csv.h"
#include "graft/report/html.h"

namespace graft::report {
namespace {

constexpr double kStripWidth = 960, kStripHeight = 46;  // of a strip
constexpr size_t kAnswerColours = 7;                    // s0 to s6 of the page's style

// Answers by how often they are given: the first ones get a colour of their own, the rest share the last.
std::map<std::string, size_t> colours_of(const std::vector<ClipTimeline>& clips) {
  std::map<std::string, int64_t> counts;
  for (const auto& clip : clips) {
    for (const auto& window : clip.windows)
      ++counts[window.answer];
  }
  std::vector<std::pair<std::string, int64_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::map<std::string, size_t> colours;
  for (size_t i = 0; i < order.size(); ++i)
    colours[order[i].first] = std::min(i, kAnswerColours - 1);
  return colours;
}

struct Stretch {
  double begin = 0, end = 0;  // seconds
  std::string answer;
  double least = 1, sum = 0;  // of the probability
  int64_t windows = 0;
};

// Windows of one answer after another.
std::vector<Stretch> stretches_of(const ClipTimeline& clip) {
  std::vector<Stretch> all;
  for (const auto& window : clip.windows) {
    if (all.empty() || all.back().answer != window.answer)
      all.push_back({.begin = window.begin, .answer = window.answer});
    auto& last = all.back();
    last.end = window.end;
    last.least = std::min(last.least, window.probability);
    last.sum += window.probability;
    ++last.windows;
  }
  return all;
}

std::string strip(const ClipTimeline& clip, const std::map<std::string, size_t>& colours) {
  const double length = std::max(clip.windows.back().end, 1e-9);
  const auto middle = [&](size_t i) { return (clip.windows[i].begin + clip.windows[i].end) / 2; };
  const auto at = [&](double seconds) { return kStripWidth * seconds / length; };
  std::string bars;
  for (size_t i = 0; i < clip.windows.size(); ++i) {
    const auto& window = clip.windows[i];
    const double from = i == 0 ? window.begin : std::max(window.begin, (middle(i - 1) + middle(i)) / 2);
    const double to = i + 1 == clip.windows.size() ? window.end : std::min(window.end, (middle(i) + middle(i + 1)) / 2);
    const double height = kStripHeight * std::clamp(window.probability, 0.0, 1.0);
    bars += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" style=\"fill:var(--s{})\">"
        "<title>{:.1f} to {:.1f} s: {}, {:.0f} %</title></rect>",
        at(from), kStripHeight - height, at(to) - at(from), height, colours.at(window.answer), window.begin, window.end,
        escape(window.answer), 100 * window.probability);
  }
  return fmt::format(
      "<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" aria-label=\"answers over {2:.1f} seconds\">"
      "<rect class=\"track\" width=\"{0:.0f}\" height=\"{3:.0f}\"/>{4}<text x=\"0\" y=\"{5:.0f}\">0 s</text>"
      "<text x=\"{0:.0f}\" y=\"{5:.0f}\" text-anchor=\"end\">{2:.1f} s</text></svg>\n",
      kStripWidth, kStripHeight + 16, length, kStripHeight, bars, kStripHeight + 13);
}

std::string frames_of(const ClipTimeline& clip) {
  std::string images;
  for (const auto& window : clip.windows) {
    if (window.image.empty()) continue;
    images += fmt::format("<img src=\"{}\" alt=\"at {:.1f} s\" loading=\"lazy\">", window.image,
                          (window.begin + window.end) / 2);
  }
  return images.empty() ? "" : "<div class=\"frames\">" + images + "</div>\n";
}

std::string table_of(const ClipTimeline& clip, const std::map<std::string, size_t>& colours) {
  std::string rows;
  for (const auto& s : stretches_of(clip)) {
    rows += fmt::format(
        "<tr><td class=\"number\">{:.1f}</td><td class=\"number\">{:.1f}</td><td class=\"name\"><span class=\"swatch\" "
        "style=\"background:var(--s{})\"></span>{}</td><td class=\"number\">{:.0f} %</td><td class=\"number\">{:.0f} "
        "%</td></tr>\n",
        s.begin, s.end, colours.at(s.answer), escape(s.answer), 100 * s.sum / static_cast<double>(s.windows),
        100 * s.least);
  }
  return "<div class=\"scroll\"><table><thead><tr><th class=\"number\">from s</th><th class=\"number\">to s</th>"
         "<th>shows</th><th class=\"number\">mean</th><th class=\"number\">least</th></tr></thead>\n<tbody>" +
         rows + "</tbody></table></div>";
}

}  // namespace

std::string to_html(const std::string& subtitle, const std::vector<ClipTimeline>& clips) {
  const auto colours = colours_of(clips);
  std::string body = "<header><h1>What clips show over time</h1><p class=\"soft\">" + escape(subtitle) +
                     "</p></header>\n<p class=\"soft\">A bar is the answer in one window; its height is how sure it "
                     "is.</p>\n";
  for (const auto& clip : clips) {
    if (clip.windows.empty()) continue;
    body += section(clip.clip, strip(clip, colours) + frames_of(clip) + table_of(clip, colours));
  }
  return page("graft predict", body);
}

std::string to_csv(const std::vector<ClipTimeline>& clips) {
  std::string text = "clip,begin,end,answer,probability\n";
  for (const auto& clip : clips) {
    for (const auto& w : clip.windows)
      text += fmt::format("{},{:.3f},{:.3f},{},{:.6f}\n", csv_cell(clip.clip), w.begin, w.end, csv_cell(w.answer),
                          w.probability);
  }
  return text;
}

}  // namespace graft::report
