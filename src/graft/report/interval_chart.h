// Numbers with their intervals on one axis, a row each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graft/core/interval.h"

namespace graft::report {

struct IntervalRow {
  std::string name;
  double value = 0;
  std::optional<Interval> interval = {};
};

struct IntervalChart {
  std::string title;
  std::vector<IntervalRow> rows;
  bool percent = false;                  // values are shares
  std::optional<double> reference = {};  // where nothing is between two: a line across
};

// A figure; empty where there are no rows.
std::string to_html(const IntervalChart& chart);

}  // namespace graft::report
