// Ranks in which ties share their mean, doubled so that they are whole: the second and third of a row, when equal, are
// 5 and 5.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

struct Midranks {
  std::vector<int64_t> doubled;  // one a value; the smallest has 2
  double tie_sum = 0;            // of t^3 - t over groups of t equal values
};
Midranks doubled_midranks(std::span<const double> values);

}  // namespace graft::statistics
