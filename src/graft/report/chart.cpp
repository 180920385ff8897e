#include "graft/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/report/html.h"

namespace graft::report {
namespace {

constexpr double kWidth = 440, kHeight = 220, kLeft = 58, kRight = 12, kTop = 10, kBottom = 34;
constexpr size_t kColours = 7;       // .s0 to .s6 of the style
constexpr size_t kMostPoints = 200;  // two pixels each
constexpr const char* kDashes[] = {"", "6 3", "2 3", "9 3 2 3"};

using Points = std::vector<std::pair<double, double>>;

Points thinned(const Points& points) {
  if (points.size() <= kMostPoints) return points;
  Points means;
  for (size_t bucket = 0; bucket < kMostPoints; ++bucket) {
    const size_t begin = bucket * points.size() / kMostPoints, end = (bucket + 1) * points.size() / kMostPoints;
    double x = 0, y = 0;
    for (size_t i = begin; i < end; ++i) {
      x += points[i].first;
      y += points[i].second;
    }
    means.emplace_back(x / static_cast<double>(end - begin), y / static_cast<double>(end - begin));
  }
  return means;
}

std::string tick_label(double value, bool percent) {
  if (percent) return fmt::format("{:g} %", std::round(1000 * value) / 10);
  if (std::abs(value) >= 10'000) return fmt::format("{:g}k", value / 1000);
  return fmt::format("{:g}", value);
}

std::string line_style(size_t series) {
  const char* dashes = kDashes[series % std::size(kDashes)];
  return fmt::format("class=\"curve s{}\"{}", series % kColours,
                     *dashes ? fmt::format(" stroke-dasharray=\"{}\"", dashes) : "");
}

struct Axis {
  double low, high, from, to;  // data, pixels
  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

}  // namespace

std::vector<double> ticks(double low, double high, int count) {
  if (!(high > low)) high = low + (low == 0 ? 1 : std::abs(low));
  const double rough = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  std::vector<double> values;
  const auto first = static_cast<long>(std::floor(low / step + 1e-9)),
             last = static_cast<long>(std::ceil(high / step - 1e-9));
  for (long i = first; i <= last; ++i)
    values.push_back(static_cast<double>(i) * step);
  return values;
}

namespace {

// The same with the powers of ten of y in place of y, without what has none.
LineChart in_powers(LineChart chart) {
  for (auto& series : chart.series) {
    std::erase_if(series.points, [](const auto& point) { return !(point.second > 0); });
    for (auto& [x, y] : series.points)
      y = std::log10(y);
    series.band.clear();
  }
  return chart;
}

// Whole powers that cover [low, high].
std::vector<double> powers(double low, double high) {
  std::vector<double> values;
  for (double power = std::floor(low); power <= std::max(std::ceil(high), std::floor(low) + 1); ++power)
    values.push_back(power);
  return values;
}

}  // namespace

std::string to_html(const LineChart& given) {
  const LineChart chart = given.logarithmic ? in_powers(given) : given;
  constexpr double infinite = std::numeric_limits<double>::infinity();
  double x_low = infinite, x_high = -infinite, y_low = infinite, y_high = -infinite;
  size_t longest = 0;
  std::vector<Points> curves;
  for (const auto& series : chart.series) {
    curves.push_back(thinned(series.points));
    longest = std::max(longest, curves.back().size());
    for (const auto& [x, y] : curves.back()) {
      x_low = std::min(x_low, x);
      x_high = std::max(x_high, x);
      y_low = std::min(y_low, y);
      y_high = std::max(y_high, y);
    }
    for (const auto& [low, high] : series.band) {
      y_low = std::min(y_low, low);
      y_high = std::max(y_high, high);
    }
  }
  if (longest < 2) return "";
  const auto x_ticks = ticks(x_low, x_high, 5),
             y_ticks = chart.logarithmic ? powers(y_low, y_high) : ticks(y_low, y_high, 4);
  const Axis x{x_low, x_high > x_low ? x_high : x_low + 1, kLeft, kWidth - kRight};
  const Axis y{y_ticks.front(), y_ticks.back(), kHeight - kBottom, kTop};

  const auto label = [&](double value) {
    return tick_label(chart.logarithmic ? std::pow(10, value) : value, chart.percent);
  };
  std::string svg;
  for (const double tick : y_ticks) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft,
        y.at(tick), kWidth - kRight, kLeft - 6, y.at(tick) + 4, label(tick));
  }
  for (const double tick : x_ticks) {
    if (tick < x_low || tick > x.high) continue;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x.at(tick),
                       kHeight - kBottom + 15, tick_label(tick, false));
  }
  svg += fmt::format("<path class=\"axis\" d=\"M{} {}H{}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
                     kLeft, kHeight - kBottom, kWidth - kRight, kWidth - kRight, kHeight - 4, escape(chart.x_label));
  std::string spoken = chart.title;
  std::string legend;
  for (size_t i = 0; i < curves.size(); ++i) {
    if (curves[i].empty()) continue;
    std::string path, edge;
    const auto& band = chart.series[i].band;
    if (band.size() == curves[i].size()) {
      for (size_t k = 0; k < band.size(); ++k)
        edge += fmt::format("{}{:.1f} {:.1f}", k == 0 ? 'M' : 'L', x.at(curves[i][k].first), y.at(band[k].second));
      for (size_t k = band.size(); k-- > 0;)
        edge += fmt::format("L{:.1f} {:.1f}", x.at(curves[i][k].first), y.at(band[k].first));
      svg += fmt::format("<path style=\"fill:var(--s{});opacity:.15\" d=\"{}Z\"/>\n", i % kColours, edge);
    }
    for (const auto& [px, py] : curves[i])
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', x.at(px), y.at(py));
    svg += fmt::format("<path {} d=\"{}\"/>\n", line_style(i), path);
    spoken += fmt::format("; {}: from {} to {}", chart.series[i].name, label(curves[i].front().second),
                          label(curves[i].back().second));
    legend +=
        fmt::format("<span><svg width=\"24\" height=\"8\" aria-hidden=\"true\"><path {} d=\"M0 4H24\"/></svg>{}</span>",
                    line_style(i), escape(chart.series[i].name));
  }
  return fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" "
      "aria-label=\"{}\">\n{}</svg>{}</figure>\n",
      escape(chart.title), kWidth, kHeight, kWidth, escape(spoken), svg,
      curves.size() > 1 ? "<div class=\"legend\">" + legend + "</div>" : "");
}

}  // namespace graft::report
