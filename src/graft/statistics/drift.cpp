#include "graft/statistics/drift.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

struct Centred {
  std::vector<double> values;  // items x columns
  std::vector<double> norms;   // squared, a row
  size_t items = 0, columns = 0;
};

Centred centred(std::string_view what, std::span<const double> given, int64_t items, int64_t columns) {
  require_table(what, given, items, columns);
  Centred result{{given.begin(), given.end()}, {}, static_cast<size_t>(items), static_cast<size_t>(columns)};
  std::vector<double> mean(result.columns);
  for (size_t i = 0; i < result.values.size(); ++i)
    mean[i % result.columns] += result.values[i] / static_cast<double>(items);
  result.norms.resize(result.items);
  double largest = 0, spread = 0;
  for (size_t i = 0; i < result.values.size(); ++i) {
    largest = std::max(largest, std::abs(given[i]));
    double& value = result.values[i];
    value -= mean[i % result.columns];
    spread = std::max(spread, std::abs(value));
    result.norms[i / result.columns] += value * value;
  }
  if (spread <= 1e-12 * largest)
    throw DataError("statistics", "{}: the same for all {} items, which aligns with nothing.", what, items);
  return result;
}

// ||Y'X||^2, by columns (p q products of columns) or by rows (tr(X X' Y Y')): whichever table is smaller.
double cross_norm(const Centred& x, const Centred& y) {
  const size_t n = x.items, p = x.columns, q = y.columns;
  double sum = 0;
  if (n * n <= p * q) {
    const auto dot = [](const Centred& m, size_t i, size_t j) {
      double product = 0;
      for (size_t k = 0; k < m.columns; ++k)
        product += m.values[i * m.columns + k] * m.values[j * m.columns + k];
      return product;
    };
    for (size_t i = 0; i < n; ++i) {
      sum += dot(x, i, i) * dot(y, i, i);
      for (size_t j = 0; j < i; ++j)
        sum += 2 * dot(x, i, j) * dot(y, i, j);
    }
    return sum;
  }
  std::vector<double> row(q);
  for (size_t a = 0; a < p; ++a) {
    std::fill(row.begin(), row.end(), 0);
    for (size_t i = 0; i < n; ++i) {
      const double weight = x.values[i * p + a];
      for (size_t b = 0; b < q; ++b)
        row[b] += weight * y.values[i * q + b];
    }
    for (const double product : row)
      sum += product * product;
  }
  return sum;
}

// v - n / (n - 2) sum a_i b_i + sum a sum b / ((n - 1) (n - 2)), a and b squared norms of rows
double corrected(double norm, const std::vector<double>& a, const std::vector<double>& b) {
  const double n = static_cast<double>(a.size());
  double product = 0, sum_a = 0, sum_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += a[i] * b[i];
    sum_a += a[i];
    sum_b += b[i];
  }
  return norm - n / (n - 2) * product + sum_a * sum_b / ((n - 1) * (n - 2));
}

}  // namespace

Alignment linear_cka(std::span<const double> x, int64_t x_columns, std::span<const double> y, int64_t y_columns,
                     int64_t items) {
  require_count("items of an alignment", items, 4);
  const auto a = centred("feature of the first", x, items, x_columns),
             b = centred("feature of the second", y, items, y_columns);
  const double xy = cross_norm(a, b), xx = cross_norm(a, a), yy = cross_norm(b, b);
  const double u = corrected(xx, a.norms, a.norms), v = corrected(yy, b.norms, b.norms);
  return {xy / std::sqrt(xx * yy),
          corrected(xy, a.norms, b.norms) / (u > 0 && v > 0 ? std::sqrt(u * v) : std::nan(""))};
}

}  // namespace graft::statistics
