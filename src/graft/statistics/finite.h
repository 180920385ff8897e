// What no formula of this room is asked about: a value that is no number is refused by its place, before anything is
// made of it, and so is a level outside (0, 1).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace graft::statistics {

// DataError that names the first that is not finite: "difference 3 of 9 is nan". `what` is one of the values.
void require_finite(std::string_view what, std::span<const double> values);
// UsageError unless 0 < level < 1; `what` is its name: "a confidence".
void require_level(std::string_view what, double level);
// UsageError unless there are `least` or more of `what` ("seeds").
void require_count(std::string_view what, int64_t count, int64_t least);
// UsageError unless a table of rows x columns, both at least 1, has this many values.
void require_table(std::string_view what, std::span<const double> values, int64_t rows, int64_t columns);

}  // namespace graft::statistics
