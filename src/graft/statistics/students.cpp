#include "graft/statistics/students.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

void finish_test(StudentTest& test, double confidence) {
  const double half = t_quantile(1 - (1 - confidence) / 2, test.freedom) * test.error;
  test.interval = {test.mean - half, test.mean + half};
  test.t = test.mean / test.error;
  test.p = std::min(1.0, 2 * t_tail(std::abs(*test.t), test.freedom));
}

}  // namespace

Summary summarise(std::span<const double> values, double confidence) {
  require_level("a confidence", confidence);
  require_finite("value", values);
  Summary summary;
  summary.count = static_cast<int64_t>(values.size());
  if (values.empty()) return summary;
  const double n = static_cast<double>(values.size());
  summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  const double infinite = std::numeric_limits<double>::infinity();
  summary.interval = {-infinite, infinite};
  if (values.size() < 2) return summary;
  double squares = 0;
  for (const double value : values)
    squares += (value - summary.mean) * (value - summary.mean);
  summary.deviation = std::sqrt(squares / (n - 1));
  const double half = t_quantile(1 - (1 - confidence) / 2, n - 1) * summary.deviation / std::sqrt(n);
  summary.interval = {summary.mean - half, summary.mean + half};
  return summary;
}

bool is_rounding(double deviation, std::span<const double> values) {
  double largest = 0;
  for (const double value : values)
    largest = std::max(largest, std::abs(value));
  return deviation <= 1e-12 * largest;
}

StudentTest paired_t(std::span<const double> differences, double confidence) {
  require_count("differences of a paired test", static_cast<int64_t>(differences.size()), 1);
  const auto summary = summarise(differences, confidence);
  StudentTest test;
  test.mean = summary.mean;
  test.freedom = static_cast<double>(summary.count - 1);
  test.interval = summary.interval;
  if (summary.count < 2) return test;
  if (is_rounding(summary.deviation, differences)) {
    test.identical = true;
    test.interval = {test.mean, test.mean};
    return test;
  }
  test.error = summary.deviation / std::sqrt(static_cast<double>(summary.count));
  finish_test(test, confidence);
  return test;
}

StudentTest welch_t(std::span<const double> first, std::span<const double> second, double confidence) {
  require_count("values in the first arm", static_cast<int64_t>(first.size()), 2);
  require_count("values in the second arm", static_cast<int64_t>(second.size()), 2);
  const auto one = summarise(first, confidence), two = summarise(second, confidence);
  StudentTest test;
  test.mean = one.mean - two.mean;
  if (is_rounding(one.deviation, first) && is_rounding(two.deviation, second)) {
    test.identical = true;
    test.interval = {test.mean, test.mean};
    return test;
  }
  const double m = static_cast<double>(one.count), n = static_cast<double>(two.count);
  const double a = one.deviation * one.deviation / m, b = two.deviation * two.deviation / n;
  test.error = std::sqrt(a + b);
  test.freedom = (a + b) * (a + b) / (a * a / (m - 1) + b * b / (n - 1));  // Welch and Satterthwaite
  finish_test(test, confidence);
  return test;
}

}  // namespace graft::statistics
