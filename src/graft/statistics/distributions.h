// The distributions that intervals and p-values are read from. `cdf` is P(X <= x), `tail` is P(X >= x), kept apart so
// that a small tail has all its digits; a quantile is the inverse of the cdf, by bisection to neighbouring doubles. p
// lies in (0, 1), degrees of freedom and counts are positive. Formulas: NIST Digital Library of Mathematical Functions.
#pragma once

#include <cstdint>

namespace graft::statistics {

double normal_cdf(double z);
double normal_quantile(double p);

// Student's t with `freedom` degrees of freedom, which need not be whole (Welch).
double t_cdf(double t, double freedom);
double t_tail(double t, double freedom);
double t_quantile(double p, double freedom);

double chi2_cdf(double x, double freedom);
double chi2_tail(double x, double freedom);
double chi2_quantile(double p, double freedom);

// Fisher's F; the tail of infinity is 0.
double f_tail(double x, double freedom_above, double freedom_below);

double beta_quantile(double p, double a, double b);

// k successes in n trials of probability p, 0 <= p <= 1.
double binomial_pmf(int64_t k, int64_t n, double p);
double binomial_cdf(int64_t k, int64_t n, double p);

// The regularised incomplete beta function I_x(a, b), x in [0, 1] (DLMF 8.17).
double incomplete_beta(double x, double a, double b);
// The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P, x >= 0 (DLMF 8.2).
double incomplete_gamma(double a, double x);
double incomplete_gamma_tail(double a, double x);
// x^(a - 1) e^-x / Gamma(a), x > 0
double gamma_density(double x, double a);

}  // namespace graft::statistics
