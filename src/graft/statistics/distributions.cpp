#include "graft/statistics/distributions.h"

#include <cmath>
#include <initializer_list>
#include <limits>
#include <numbers>

namespace graft::statistics {
namespace {

// The continued fraction of I_x(a, b) (DLMF 8.17.22), by Lentz's method; it converges fast for x < (a + 1) / (a + b +
// 2).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < 10'000; ++m) {
    for (const double term : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                              -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 / away_from_zero(1 + term * d);
      c = away_from_zero(1 + term / c);
      fraction *= c * d;
    }
    if (std::abs(c * d - 1) < 4 * std::numeric_limits<double>::epsilon()) break;
  }
  return fraction;
}

// What Stirling's formula leaves of log Gamma(z), z >= 10 (DLMF 5.11.1): the seventh term is below 1e-15.
double stirling_rest(double z) {
  const double s = 1 / (z * z);
  return (1 / 12.0 - s * (1 / 360.0 - s * (1 / 1260.0 - s * (1 / 1680.0 - s * (1 / 1188.0 - s * 691 / 360360.0))))) / z;
}

// u log(u / m) + m - u, without the cancellation where u is near m (Loader 2000): with v = (u - m) / (u + m) the
// logarithm is 2 (v + v^3 / 3 + ...).
double deviance(double u, double m) {
  if (std::abs(u - m) >= 0.1 * (u + m)) return u * std::log(u / m) + m - u;
  const double v = (u - m) / (u + m);
  double sum = (u - m) * v, term = 2 * u * v;
  for (int k = 1; k < 200; ++k) {
    term *= v * v;
    const double next = sum + term / (2 * k + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

// x^a (1 - x)^b / B(a, b). The logarithms of Gamma cancel where a and b are large: there by Stirling's formula.
double beta_front(double x, double a, double b) {
  if (a < 10 || b < 10)
    return std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  const double n = a + b;
  return std::sqrt(a * b / (2 * std::numbers::pi * n)) *
         std::exp(stirling_rest(n) - stirling_rest(a) - stirling_rest(b) - deviance(a, n * x) -
                  deviance(b, n * (1 - x)));
}

// x^a e^-x / Gamma(a)
double gamma_front(double x, double a) {
  if (a < 10) return std::exp(a * std::log(x) - x - std::lgamma(a));
  return std::sqrt(a / (2 * std::numbers::pi)) * std::exp(-deviance(a, x) - stirling_rest(a));
}

// Where a rising function reaches p: bisection until two neighbouring doubles are left.
template <class Cdf>
double solve(const Cdf& cdf, double p) {
  double low = -1, high = 1;
  while (cdf(low) > p)
    low *= 2;
  while (cdf(high) < p)
    high *= 2;
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (cdf(middle) < p ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

double incomplete_beta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = beta_front(x, a, b);
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

double normal_quantile(double p) {
  return solve(normal_cdf, p);
}

double t_cdf(double t, double freedom) {
  const double tail = 0.5 * incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

double t_tail(double t, double freedom) {
  return t_cdf(-t, freedom);
}

double t_quantile(double p, double freedom) {
  return solve([freedom](double t) { return t_cdf(t, freedom); }, p);
}

double incomplete_gamma(double a, double x) {
  if (x <= 0) return 0;
  if (x >= a + 1) return 1 - incomplete_gamma_tail(a, x);
  double term = 1 / a, sum = term;  // DLMF 8.11.4
  for (int n = 1; n < 100'000; ++n) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return gamma_front(x, a) * sum;
}

double incomplete_gamma_tail(double a, double x) {
  if (x <= 0) return 1;
  if (x < a + 1) return 1 - incomplete_gamma(a, x);
  double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;  // DLMF 8.9.2 by Lentz's method
  for (int n = 1; n < 100'000; ++n) {
    const double numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (std::abs(c * d - 1) < 4 * std::numeric_limits<double>::epsilon()) break;
  }
  return gamma_front(x, a) * fraction;
}

double gamma_density(double x, double a) {
  return gamma_front(x, a) / x;
}

double chi2_cdf(double x, double freedom) {
  return incomplete_gamma(freedom / 2, x / 2);
}

double chi2_tail(double x, double freedom) {
  return incomplete_gamma_tail(freedom / 2, x / 2);
}

double chi2_quantile(double p, double freedom) {
  return solve([freedom](double x) { return chi2_cdf(x, freedom); }, p);
}

double f_tail(double x, double freedom_above, double freedom_below) {
  if (x <= 0) return 1;
  return incomplete_beta(freedom_below / (freedom_below + freedom_above * x), freedom_below / 2, freedom_above / 2);
}

double beta_quantile(double p, double a, double b) {
  double low = 0, high = 1;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) return middle;
    (incomplete_beta(middle, a, b) < p ? low : high) = middle;
  }
}

double binomial_pmf(int64_t k, int64_t n, double p) {
  if (k < 0 || k > n) return 0;
  if (p <= 0) return k == 0 ? 1 : 0;
  if (p >= 1) return k == n ? 1 : 0;
  const double front = beta_front(p, static_cast<double>(k) + 1, static_cast<double>(n - k) + 1);
  return front / (p * (1 - p) * static_cast<double>(n + 1));
}

double binomial_cdf(int64_t k, int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return incomplete_beta(1 - p, static_cast<double>(n - k), static_cast<double>(k) + 1);
}

}  // namespace graft::statistics
