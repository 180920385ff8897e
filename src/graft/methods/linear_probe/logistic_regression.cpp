#include "graft/methods/linear_probe/logistic_regression.h"

#include <torch/optim.h>
#include <torch/types.h>

#include <cmath>

namespace graft::methods::linear_probe {

Regression solve(const at::Tensor& features, const at::Tensor& labels, int64_t classes, double c,
                 const Effort& effort) {
  const auto x = features.to(torch::kFloat64);
  const auto photos = static_cast<double>(x.size(0));
  const double penalty = 1 / (c * photos);  // of the mean objective
  const torch::NoGradGuard no_grad;
  const auto truth = torch::one_hot(labels, classes).to(torch::kFloat64);  // [N, C]
  const auto weight = torch::zeros({classes, x.size(1)}, x.options());
  const auto bias = torch::zeros({classes}, x.options());

  // The gradient in closed form; autograd would build a graph at each of thousands of steps.
  double largest = 0;
  const auto closure = [&]() -> at::Tensor {
    const auto log_probability = torch::log_softmax(torch::addmm(bias, x, weight.t()), 1);
    const auto error = (log_probability.exp() - truth) / photos;
    weight.mutable_grad() = torch::mm(error.t(), x) + penalty * weight;
    bias.mutable_grad() = error.sum(0);
    largest = std::max(weight.grad().abs().max().item<double>(), bias.grad().abs().max().item<double>());
    return -(log_probability * truth).sum() / photos + penalty / 2 * weight.square().sum();
  };
  torch::optim::LBFGS optimizer(std::vector<at::Tensor>{weight, bias}, torch::optim::LBFGSOptions(1)
                                                                           .max_iter(effort.iterations)
                                                                           .max_eval(effort.iterations * 5 / 4)
                                                                           .tolerance_grad(effort.gradient)
                                                                           .tolerance_change(1e-14)
                                                                           .history_size(10)
                                                                           .line_search_fn("strong_wolfe"));
  optimizer.step(closure);
  closure();  // the gradient at the point returned
  return {weight, bias, largest <= effort.gradient};
}

double accuracy(const Regression& regression, const at::Tensor& features, const at::Tensor& labels) {
  const auto logits = torch::addmm(regression.bias, features.to(torch::kFloat64), regression.weight.t());
  return logits.argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
}

double search_strength(const std::function<double(double c)>& score) {
  double peak = 0, best = -1;
  for (const double c : {1e6, 1e4, 1e2, 1e0, 1e-2, 1e-4, 1e-6}) {
    const double reached = score(c);
    if (reached > best) {
      best = reached;
      peak = c;
    }
  }
  double left = std::log10(peak) - 1, right = std::log10(peak) + 1, chosen = peak;
  for (int step = 0; step < 8; ++step) {
    const double of_left = score(std::pow(10, left)), of_right = score(std::pow(10, right));
    const double middle = (left + right) / 2;
    if (of_left < of_right) {
      chosen = right;
      left = middle;
    } else {
      chosen = left;
      right = middle;
    }
  }
  return std::pow(10, chosen);
}

}  // namespace graft::methods::linear_probe
