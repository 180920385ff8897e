#include "graft/report/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "graft/report/chart.h"
#include "graft/report/html.h"

namespace graft::report {
namespace {

constexpr double kWide = 440, kHigh = 240, kFromLeft = 58, kForNames = 90, kFromTop = 10, kBelow = 34;
constexpr size_t kTones = 7;  // .s0 to .s6 of the style

std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (value >= 1e3) return fmt::format("{:g}k", value / 1e3);
  return fmt::format("{:g}", value);
}

}  // namespace

std::string to_html(const Scatter& scatter) {
  if (scatter.points.size() < 2) return "";
  double least = 0, most = 0;  // of x above 0
  double low = scatter.points.front().y, high = low;
  for (const auto& point : scatter.points) {
    if (point.x > 0) least = least > 0 ? std::min(least, point.x) : point.x;
    most = std::max(most, point.x);
    low = std::min(low, point.y);
    high = std::max(high, point.y);
  }
  const auto y_ticks = ticks(low, high, 4);
  const bool logarithmic = scatter.logarithmic && least > 0;
  const double from = logarithmic ? std::floor(std::log10(least)) - 0.5 : 0;
  const double to = logarithmic ? std::max(std::ceil(std::log10(most)), from + 1) : most > 0 ? most : 1;
  const auto x_at = [&](double x) {
    const double value = !logarithmic ? x : x > 0 ? std::log10(x) : from;
    return kFromLeft + (value - from) / (to - from) * (kWide - kForNames - kFromLeft);
  };
  const auto y_at = [&](double y) {
    return kHigh - kBelow - (y - y_ticks.front()) / (y_ticks.back() - y_ticks.front()) * (kHigh - kBelow - kFromTop);
  };
  std::string svg, spoken = scatter.title;
  for (const double tick : y_ticks) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
        kFromLeft, y_at(tick), kWide - kForNames, kFromLeft - 6, y_at(tick) + 4,
        scatter.percent ? fmt::format("{:g} %", std::round(1000 * tick) / 10) : fmt::format("{:g}", tick));
  }
  std::vector<double> x_ticks;
  if (logarithmic) {
    for (double power = std::ceil(from); power <= to; ++power)
      x_ticks.push_back(std::pow(10, power));
  } else {
    for (const double tick : ticks(0, to, 4)) {
      if (tick <= to) x_ticks.push_back(tick);
    }
  }
  for (const double tick : x_ticks)
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x_at(tick),
                       kHigh - kBelow + 15, short_number(tick));
  svg +=
      fmt::format("<path class=\"axis\" d=\"M{} {}H{}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
                  kFromLeft, kHigh - kBelow, kWide - kForNames, kWide - kForNames, kHigh - 4, escape(scatter.x_label));
  // Names that would lie over each other are moved apart, from the top.
  std::vector<size_t> order(scatter.points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scatter.points[a].y > scatter.points[b].y; });
  std::vector<std::pair<double, double>> written;
  for (const size_t i : order) {
    const auto& point = scatter.points[i];
    const double x = x_at(point.x), y = y_at(point.y);
    double label = y + 4;
    for (const auto& [other_x, other_y] : written) {
      if (std::abs(other_x - x) < 80 && label < other_y + 11) label = other_y + 11;
    }
    written.emplace_back(x, label);
    svg += fmt::format(
        "<circle class=\"curve s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        i % kTones, x, y, x + 8, label, escape(point.name));
    spoken += fmt::format("; {}: {} at {}", point.name,
                          scatter.percent ? fmt::format("{:.1f} %", 100 * point.y) : fmt::format("{:g}", point.y),
                          short_number(point.x));
  }
  return fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" "
      "aria-label=\"{}\">\n{}</svg></figure>\n",
      escape(scatter.title), kWide, kHigh, kWide, escape(spoken), svg);
}

std::string to_html(const RankPicture& picture) {
  constexpr double kAcross = 640, kSide = 150, kAxis = 52, kRow = 18;
  const size_t count = picture.names.size();
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return picture.ranks[a] < picture.ranks[b]; });
  const auto x_at = [&](double rank) {
    return kSide + (rank - 1) / std::max(1.0, static_cast<double>(count) - 1) * (kAcross - 2 * kSide);
  };
  std::string svg;
  for (size_t rank = 1; rank <= count; ++rank) {
    const double x = x_at(static_cast<double>(rank));
    svg += fmt::format(
        "<path class=\"axis\" d=\"M{:.1f} {}v-6\"/><text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x,
        kAxis, x, kAxis - 9, rank);
  }
  svg += fmt::format("<path class=\"axis\" d=\"M{} {}H{}\"/>\n", kSide, kAxis, kAcross - kSide);
  const double unit = x_at(2) - x_at(1);
  svg += fmt::format(
      "<path class=\"interval\" d=\"M{0} 10v8M{0} 14H{1:.1f}M{1:.1f} 10v8\"/><text x=\"{1:.1f}\" y=\"18\" "
      "dx=\"6\">critical "
      "difference {2:.2f}</text>\n",
      kSide, kSide + picture.difference * unit, picture.difference);
  double y = kAxis + 8;
  for (const auto& [first, last] : picture.bars) {
    svg += fmt::format("<path class=\"curve s0\" style=\"stroke-width:4\" d=\"M{:.1f} {}H{:.1f}\"/>\n",
                       x_at(picture.ranks[order[first]]) - 3, y, x_at(picture.ranks[order[last]]) + 3);
    y += 9;
  }
  const double names = y + 8;
  std::string spoken = "mean ranks";
  for (size_t place = 0; place < count; ++place) {
    const auto& name = picture.names[order[place]];
    const double rank = picture.ranks[order[place]], x = x_at(rank);
    const bool left = place < (count + 1) / 2;
    const double row = names + kRow * static_cast<double>(left ? place : count - 1 - place);
    svg += fmt::format(
        "<path class=\"grid\" style=\"fill:none\" d=\"M{:.1f} {}V{:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"{}\">{} "
        "{:.2f}</text>\n",
        x, kAxis, row, left ? kSide - 6 : kAcross - kSide + 6, left ? kSide - 10 : kAcross - kSide + 10, row + 4,
        left ? "end" : "start", escape(name), rank);
    spoken += fmt::format("; {} {:.2f}", name, rank);
  }
  const double height = names + kRow * static_cast<double>((count + 1) / 2) + 6;
  return fmt::format(
      "<figure><figcaption>Mean rank over the data sets, 1 is best; bars join methods that do not "
      "differ</figcaption><svg "
      "viewBox=\"0 0 {} {:.0f}\" width=\"{}\" role=\"img\" aria-label=\"{}\">\n{}</svg></figure>\n",
      kAcross, height, kAcross, escape(spoken), svg);
}

}  // namespace graft::report
