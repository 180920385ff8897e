// Points with names: what something costs against what it brings. The horizontal axis may be logarithmic.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace graft::report {

struct NamedPoint {
  std::string name;
  double x = 0, y = 0;
};

struct Scatter {
  std::string title, x_label;
  std::vector<NamedPoint> points;
  bool logarithmic = false;  // x of 0 stands at the left edge
  bool percent = false;      // y is a share
};

// A figure; empty for fewer than two points.
std::string to_html(const Scatter& scatter);

// Mean ranks on a line, the best (1) at the left; bars join methods that do not differ (Demsar 2006).
struct RankPicture {
  std::vector<std::string> names;
  std::vector<double> ranks;                    // in the order of the names
  std::vector<std::pair<size_t, size_t>> bars;  // first and last place in the order of ranks
  double difference = 0;                        // what two ranks must differ by, drawn above
};
std::string to_html(const RankPicture& picture);

}  // namespace graft::report
