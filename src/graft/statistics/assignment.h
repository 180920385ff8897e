// Which row goes with which column so that the sum of their values is largest, each once: the assignment problem, by
// shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957; this form: Jonker and Volgenant 1987), in
// O(n² m) for n rows and m columns, n the smaller.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

// value[r * columns + c], finite. The column of each row, -1 for rows that are left over where there are fewer columns.
// UsageError for a value that is not finite or a table of another size.
std::vector<int64_t> best_assignment(std::span<const double> value, int64_t rows, int64_t columns);

}  // namespace graft::statistics
