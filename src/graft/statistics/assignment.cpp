#include "graft/statistics/assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/core/error.h"

namespace graft::statistics {
namespace {

// Costs are minus values; `rows` is at most `columns`. Rows are taken up one by one; each finds the path of least cost
// to a free column along which the others move on.
class Assignment {
 public:
  Assignment(std::span<const double> value, int64_t rows, int64_t columns, bool transposed)
      : value_(value), rows_(rows), columns_(columns), transposed_(transposed) {}

  std::vector<int64_t> row_of_columns() {
    row_of_.assign(static_cast<size_t>(columns_), -1);
    of_row_.assign(static_cast<size_t>(rows_), 0);
    of_column_.assign(static_cast<size_t>(columns_), 0);
    for (int64_t row = 0; row < rows_; ++row)
      take_up(row);
    return row_of_;
  }

 private:
  double cost(int64_t row, int64_t column) const {
    const auto at = transposed_ ? column * rows_ + row : row * columns_ + column;
    return -value_[static_cast<size_t>(at)];
  }

  void take_up(int64_t first) {
    std::vector<double> least(static_cast<size_t>(columns_), std::numeric_limits<double>::infinity());
    std::vector<int64_t> from(static_cast<size_t>(columns_), -1);  // the column before on the path; -1: none
    std::vector<bool> done(static_cast<size_t>(columns_), false);
    int64_t row = first, last = -1;
    double so_far = 0;
    for (;;) {
      int64_t next = -1;
      for (int64_t c = 0; c < columns_; ++c) {
        const auto k = static_cast<size_t>(c);
        if (done[k]) continue;
        const double way = so_far + cost(row, c) - of_row_[static_cast<size_t>(row)] - of_column_[k];
        if (way < least[k]) {
          least[k] = way;
          from[k] = last;
        }
        if (next < 0 || least[k] < least[static_cast<size_t>(next)]) next = c;
      }
      so_far = least[static_cast<size_t>(next)];
      last = next;
      done[static_cast<size_t>(next)] = true;
      if (row_of_[static_cast<size_t>(next)] < 0) break;
      row = row_of_[static_cast<size_t>(next)];
    }
    of_row_[static_cast<size_t>(first)] += so_far;
    for (int64_t c = 0; c < columns_; ++c) {
      const auto k = static_cast<size_t>(c);
      if (!done[k] || c == last) continue;
      of_row_[static_cast<size_t>(row_of_[k])] += so_far - least[k];
      of_column_[k] -= so_far - least[k];
    }
    while (last >= 0) {
      const auto before = from[static_cast<size_t>(last)];
      row_of_[static_cast<size_t>(last)] = before < 0 ? first : row_of_[static_cast<size_t>(before)];
      last = before;
    }
  }

  std::span<const double> value_;
  int64_t rows_, columns_;
  bool transposed_;
  std::vector<int64_t> row_of_;             // of each column, -1: free
  std::vector<double> of_row_, of_column_;  // potentials: cost - both is 0 or more, and 0 where assigned
};

}  // namespace

std::vector<int64_t> best_assignment(std::span<const double> value, int64_t rows, int64_t columns) {
  if (rows < 0 || columns < 0 || static_cast<int64_t>(value.size()) != rows * columns)
    throw UsageError("assignment", "{} values for {} rows and {} columns.", value.size(), rows, columns);
  for (const double v : value)
    if (!std::isfinite(v)) throw UsageError("assignment", "a value is {}: expected finite ones.", v);
  const bool transposed = rows > columns;
  const auto other = Assignment(value, std::min(rows, columns), std::max(rows, columns), transposed).row_of_columns();
  if (transposed) return other;  // of each row its column
  std::vector<int64_t> column_of(static_cast<size_t>(rows), -1);
  for (size_t c = 0; c < other.size(); ++c)
    if (other[c] >= 0) column_of[static_cast<size_t>(other[c])] = static_cast<int64_t>(c);
  return column_of;
}

}  // namespace graft::statistics
