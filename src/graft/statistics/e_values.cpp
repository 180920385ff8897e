#include "graft/statistics/e_values.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

void require_e_values(std::span<const double> values) {
  require_count("e-values", static_cast<int64_t>(values.size()), 1);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] >= 0))
      throw DataError("statistics", "e-value {} of {} is {}: expected 0 or more.", i + 1, values.size(), values[i]);
  }
}

}  // namespace

double anytime_p(double largest) {
  return largest > 1 ? 1 / largest : 1;
}

double average_of_e(std::span<const double> values) {
  require_e_values(values);
  double sum = 0;
  for (const double value : values)
    sum += value;
  return sum / static_cast<double>(values.size());
}

double product_of_e(std::span<const double> values) {
  require_e_values(values);
  double product = 1;
  for (const double value : values)
    product *= value;
  return product;
}

double sequential_mcnemar(int64_t only_first, int64_t only_second) {
  if (only_first < 0 || only_second < 0)
    throw UsageError("statistics", "{} and {} discordant items: expected counts.", only_first, only_second);
  const double b = static_cast<double>(only_first), c = static_cast<double>(only_second);
  // B(1/2, 1/2) is pi.
  return std::exp((b + c) * std::numbers::ln2 + std::lgamma(b + 0.5) + std::lgamma(c + 0.5) - std::lgamma(b + c + 1)) /
         std::numbers::pi;
}

}  // namespace graft::statistics
