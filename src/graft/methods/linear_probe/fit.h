// The linear solution for whatever is told of an example: one class (multinomial logistic regression), several (a
// logistic regression for each by itself), or numbers (ridge regression).
#pragma once

#include "graft/data/dataset.h"
#include "graft/methods/linear_probe/logistic_regression.h"

namespace graft::methods::linear_probe {

// features [N, E]; targets [N] int64 for one class, [N, K] for several classes (0 or 1) or numbers. Of numbers the sum
// of squared errors + |W|² / (2 C) is made least, in closed form.
Regression fit(const at::Tensor& features, const at::Tensor& targets, data::Target target, int64_t outputs, double c,
               const Effort& effort = {});

// What a strength is chosen by, more is better: the share of right classes, of right answers for each class, or minus
// the mean squared error.
double fit_score(const Regression& regression, const at::Tensor& features, const at::Tensor& targets,
                 data::Target target);

}  // namespace graft::methods::linear_probe
