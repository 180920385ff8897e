#include "graft/statistics/finite.h"

#include <cmath>

#include "graft/core/error.h"

namespace graft::statistics {

void require_finite(std::string_view what, std::span<const double> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    throw DataError("statistics",
                    "{} {} of {} is {}: expected a finite number. Score the run that it came from, or leave it out on "
                    "both sides.",
                    what, i + 1, values.size(), values[i]);
  }
}

void require_level(std::string_view what, double level) {
  if (level > 0 && level < 1) return;
  throw UsageError("statistics", "{} of {}: expected a number between 0 and 1, such as 0.95 or 0.05.", what, level);
}

void require_count(std::string_view what, int64_t count, int64_t least) {
  if (count >= least) return;
  throw UsageError("statistics", "{}: expected {} or more, got {}.", what, least, count);
}

void require_table(std::string_view what, std::span<const double> values, int64_t rows, int64_t columns) {
  if (rows < 1 || columns < 1 || values.size() != static_cast<size_t>(rows) * static_cast<size_t>(columns)) {
    throw UsageError("statistics", "{}: expected {} x {} values and at least one, got {}.", what, rows, columns,
                     values.size());
  }
  require_finite(what, values);
}

}  // namespace graft::statistics
