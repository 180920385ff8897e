// Student's and Welch's intervals of a mean, in the units of the values. They assume values that are near normal, which
// differences of accuracies over seeds are; over seeds they say nothing of other test items (crossed.h does).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "graft/core/interval.h"

namespace graft::statistics {

struct Summary {
  int64_t count = 0;
  double mean = 0;
  double deviation = 0;  // of the sample, n - 1
  Interval interval;     // of the mean, Student's t; infinitely wide for one value
};
Summary summarise(std::span<const double> values, double confidence = 0.95);

// Whether a deviation is rounding alone, measured by the largest value: such values are the same number.
bool is_rounding(double deviation, std::span<const double> values);

struct StudentTest {
  double mean = 0;             // of the differences; Welch: first less second
  double error = 0;            // the mean's standard error
  double freedom = 0;          // degrees of freedom
  Interval interval;           // of the mean; the point where all are identical, infinitely wide where one is too few
  bool identical = false;      // the differences are one number: there is no t to speak of
  std::optional<double> t, p;  // against a mean of 0, two-sided; none where identical or where one value is too few
};

// Differences of pairs, one a seed (Student 1908). UsageError for none.
StudentTest paired_t(std::span<const double> differences, double confidence = 0.95);
// Two arms without pairs, whose deviations may differ (Welch 1947). UsageError for fewer than two in an arm.
StudentTest welch_t(std::span<const double> first, std::span<const double> second, double confidence = 0.95);

}  // namespace graft::statistics
