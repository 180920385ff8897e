// The normal distribution and Student's t: what intervals and p-values are read from.
#pragma once

namespace graft::study {

double normal_cdf(double z);
double normal_quantile(double p);  // p in (0, 1)

// Student's t with `freedom` > 0 degrees of freedom.
double t_cdf(double t, double freedom);
double t_quantile(double p, double freedom);

// The regularised incomplete beta function I_x(a, b), x in [0, 1] (DLMF 8.17).
double incomplete_beta(double x, double a, double b);

}  // namespace graft::study
