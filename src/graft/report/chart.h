// Curves as SVG, drawn here so that a report needs no library and no network.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace graft::report {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;     // by rising x
  std::vector<std::pair<double, double>> band = {};  // lowest and highest y at each point; empty: none is drawn
};

struct LineChart {
  std::string title;
  std::string x_label;
  std::vector<Series> series;
  bool percent = false;      // y is a share
  bool logarithmic = false;  // y by powers of ten; points that are not above 0 are left out
};

// A figure: caption, axes with round ticks, curves told apart by colour and dashes, a legend when there are several.
// Empty when no series has two points. Long curves are averaged down to what the eye can see.
std::string to_html(const LineChart& chart);

// Round numbers that cover [low, high], about `count` of them: steps of 1, 2 or 5 times a power of ten.
std::vector<double> ticks(double low, double high, int count);

}  // namespace graft::report
