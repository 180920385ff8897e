// Gradients by central differences in float64, against those of the graph.
#pragma once

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <functional>
#include <vector>

namespace graft::tensor {

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// For every element of every input (float64, few of them). The output is weighted with fixed numbers, so that no
// direction cancels. Central differences with h = 1e-5 are good to h^2 and to 1e-16 / h, so to about 1e-9.
inline void expect_gradients_of_differences(const Function& f, std::vector<at::Tensor> inputs,
                                            double tolerance = 1e-7) {
  const auto weigh = [&](const std::vector<at::Tensor>& values) {
    const auto y = f(values);
    return (y * torch::linspace(0.5, 1.5, y.numel(), y.options()).view_as(y).detach()).sum();
  };
  for (auto& input : inputs)
    input = input.detach().clone().requires_grad_(true);
  const auto gradients = torch::autograd::grad({weigh(inputs)}, inputs);
  torch::NoGradGuard no_grad;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto flat = inputs[i].view({-1});
    const auto gradient = gradients[i].reshape({-1});
    for (int64_t j = 0; j < flat.size(0); ++j) {
      const double at = flat[j].item<double>(), h = 1e-5;
      flat[j] = at + h;
      const double above = weigh(inputs).item<double>();
      flat[j] = at - h;
      const double below = weigh(inputs).item<double>();
      flat[j] = at;
      EXPECT_NEAR(gradient[j].item<double>(), (above - below) / (2 * h), tolerance)
          << "input " << i << ", element " << j;
    }
  }
}

// |got - want| against the largest magnitude of want; a tolerance in the units of the result.
inline double relative_error(const at::Tensor& got, const at::Tensor& want) {
  if (want.numel() == 0) return got.numel() == 0 ? 0 : 1;
  const auto scale = std::max(want.abs().max().item<double>(), 1e-12);
  return (got.to(at::kDouble) - want.to(at::kDouble)).abs().max().item<double>() / scale;
}

}  // namespace graft::tensor
