// Multinomial logistic regression with an L2 penalty on the weights (not on the intercepts), solved to the end by
// L-BFGS. The objective is scikit-learn's: sum of the photos' log losses + |W|^2 / (2 C).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "graft/core/log.h"

namespace graft::methods::linear_probe {

struct Regression {
  at::Tensor weight;  // [C, E] float64
  at::Tensor bias;    // [C]
  bool converged = false;
};

// When to stop: scikit-learn's defaults but for the iterations, of which CLIP's protocol allows a thousand.
struct Effort {
  int64_t iterations = 1000;
  double gradient = 1e-4;  // the largest that is left of the objective's mean over the photos
};

// features [N, E], labels [N] in 0 .. classes - 1
Regression solve(const at::Tensor& features, const at::Tensor& labels, int64_t classes, double c,
                 const Effort& effort = {});

// Share of `labels` that the regression gets right.
double accuracy(const Regression& regression, const at::Tensor& features, const at::Tensor& labels);

// The strength C that does best by `score` (accuracy on validation photos), found as CoOp's linear probe does (Zhou et
// al. 2022): seven from 1e6 to 1e-6, then eight halvings of the two decades around the best. Of equals the larger among
// the seven, the smaller while halving.
double search_strength(const std::function<double(double c)>& score);

}  // namespace graft::methods::linear_probe
