// Gradients of whole modules by central differences in float64.
#pragma once

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace graft::testing {

// `f` gives a tensor that depends on `parameters` (float64 leaves that ask for gradients); it is called twice for each
// element that is checked: all of a small parameter, else `most` of them, evenly spread. The output is weighted with
// fixed numbers, so that no direction cancels. Central differences with h = 1e-5 are good to h² and to 1e-16 / h: about
// 1e-9 of the output's size; the tolerance is of the largest gradient where that is above 1.
inline void expect_gradients_of_differences(const std::function<at::Tensor()>& f,
                                            const std::vector<at::Tensor>& parameters, double tolerance = 1e-6,
                                            int64_t most = 12) {
  const auto weighted = [&] {
    const auto y = f();
    return (y * torch::linspace(0.5, 1.5, y.numel(), y.options()).view_as(y).detach()).sum();
  };
  const auto gradients = torch::autograd::grad({weighted()}, parameters);
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters.size(); ++i) {
    ASSERT_EQ(parameters[i].scalar_type(), at::kDouble) << "parameter " << i;
    auto flat = parameters[i].detach().view({-1});
    const auto gradient = gradients[i].reshape({-1});
    const double size = std::max(1.0, gradient.abs().max().item<double>());
    const int64_t step = std::max<int64_t>(1, flat.numel() / most);
    for (int64_t j = 0; j < flat.numel(); j += step) {
      const double at = flat[j].item<double>(), h = 1e-5;
      flat[j] = at + h;
      const double above = weighted().item<double>();
      flat[j] = at - h;
      const double below = weighted().item<double>();
      flat[j] = at;
      EXPECT_NEAR(gradient[j].item<double>(), (above - below) / (2 * h), tolerance * size)
          << "parameter " << i << ", element " << j;
    }
  }
}

// |got - want| against the largest magnitude of want.
inline double relative_error(const at::Tensor& got, const at::Tensor& want) {
  EXPECT_EQ(got.sizes(), want.sizes());
  if (got.sizes() != want.sizes()) return 1;
  if (want.numel() == 0) return 0;
  const auto scale = std::max(want.abs().max().item<double>(), 1e-12);
  return (got.to(at::kDouble) - want.to(at::kDouble)).abs().max().item<double>() / scale;
}

}  // namespace graft::testing
