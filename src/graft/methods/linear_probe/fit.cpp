#include "graft/methods/linear_probe/fit.h"

#include <ATen/ops/linalg_solve.h>
#include <torch/types.h>

#include <vector>

namespace graft::methods::linear_probe {
namespace {

Regression fit_each(const at::Tensor& features, const at::Tensor& targets, double c, const Effort& effort) {
  std::vector<at::Tensor> weights, biases;
  bool converged = true;
  for (int64_t k = 0; k < targets.size(1); ++k) {
    const auto one = solve(features, targets.select(1, k).to(at::kLong), 2, c, effort);
    weights.push_back(one.weight[1] - one.weight[0]);
    biases.push_back(one.bias[1] - one.bias[0]);
    converged = converged && one.converged;
  }
  return {at::stack(weights), at::stack(biases), converged};
}

Regression fit_numbers(const at::Tensor& features, const at::Tensor& targets, double c) {
  const auto x = features.to(at::kDouble), y = targets.to(at::kDouble);
  const auto mean_x = x.mean(0, /*keepdim=*/true), mean_y = y.mean(0, /*keepdim=*/true);
  const auto centred = x - mean_x;
  const auto gram = at::matmul(centred.t(), centred) + at::eye(x.size(1), x.options()) / (2 * c);
  const auto weight = at::linalg_solve(gram, at::matmul(centred.t(), y - mean_y)).t();  // [K, E]
  return {weight, (mean_y - at::matmul(mean_x, weight.t())).squeeze(0), true};
}

}  // namespace

Regression fit(const at::Tensor& features, const at::Tensor& targets, data::Target target, int64_t outputs, double c,
               const Effort& effort) {
  switch (target) {
    case data::Target::labels:
      return fit_each(features, targets, c, effort);
    case data::Target::value:
      return fit_numbers(features, targets, c);
    default:
      return solve(features, targets, outputs, c, effort);
  }
}

double fit_score(const Regression& regression, const at::Tensor& features, const at::Tensor& targets,
                 data::Target target) {
  if (target == data::Target::label) return accuracy(regression, features, targets);
  const auto outputs = at::linear(features.to(at::kDouble), regression.weight, regression.bias);
  if (target == data::Target::labels) return outputs.gt(0).eq(targets.gt(0.5)).to(at::kDouble).mean().item<double>();
  return -(outputs - targets.to(at::kDouble)).square().mean().item<double>();
}

}  // namespace graft::methods::linear_probe
