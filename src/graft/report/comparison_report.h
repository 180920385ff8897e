// The report of several methods on the same photos: a table with intervals, curves over shots where there are several,
// and what may be said. One HTML file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/report/chart.h"
#include "graft/report/html.h"

namespace graft::report {

// A share from 0 to 1, of one seed or the mean of several, with 95 % intervals; ends that are equal: not known.
struct Measured {
  double value = 0;
  double low = 0, high = 0;
  double gain = 0;  // against the first row
  double gain_low = 0, gain_high = 0;
};

struct MethodRow {
  std::string name;
  int64_t trained = 0;  // parameters
  Measured per_class;   // mean over the classes of the share that is right: the number that leads
  Measured accuracy;    // of all test photos alike
  double seconds = 0;
  std::string report = {};  // link to the run's own report; empty: none
};

struct ComparisonTable {
  std::string title;            // "16 shots"
  std::vector<MethodRow> rows;  // the first is what the others are compared with
};

struct ComparisonReport {
  std::string title;
  std::string subtitle;
  std::string command;
  std::vector<ComparisonTable> tables;
  std::vector<LineChart> charts;
  std::vector<std::string> notes;  // what the numbers do and do not say
  Facts environment;
};

std::string to_html(const ComparisonReport& report);

}  // namespace graft::report
