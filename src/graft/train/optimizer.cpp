#include "graft/train/optimizer.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <utility>

#include "graft/core/error.h"

namespace graft::train {

using methods::OptimizerKind;

namespace {

// A factor that tensors of single precision take: what is too large for them is infinite (and the loss then tells),
// instead of an exception.
double in_single(double factor) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return std::abs(factor) > kMost ? std::copysign(std::numeric_limits<double>::infinity(), factor) : factor;
}

}  // namespace

Optimizer::Optimizer(nn::Parameters parameters, OptimizerOptions options) : options_(std::move(options)) {
  for (auto& [name, parameter] : parameters) {
    Slot slot{name, parameter, parameter.dim() >= 2, 1, torch::zeros_like(parameter), {}};
    for (const auto& [end, rate] : options_.rates)
      if (name.ends_with(end)) slot.rate = rate;
    if (options_.kind != OptimizerKind::sgd) slot.second = torch::zeros_like(parameter);
    slots_.push_back(std::move(slot));
  }
}

void Optimizer::clear_gradients() {
  for (auto& slot : slots_)
    slot.parameter.mutable_grad().reset();
}

void Optimizer::step(double lr) {
  const torch::NoGradGuard no_grad;
  ++steps_;
  for (auto& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    options_.kind == OptimizerKind::sgd ? step_sgd(slot, lr * slot.rate) : step_adam(slot, lr * slot.rate);
  }
}

void Optimizer::step_sgd(Slot& slot, double lr) {
  at::Tensor gradient = slot.parameter.grad();
  if (slot.decays && options_.weight_decay != 0) gradient = gradient.add(slot.parameter, options_.weight_decay);
  if (options_.momentum != 0) {
    // From a momentum of 0 the first step adds the whole gradient, as PyTorch's does.
    gradient = slot.first.mul_(options_.momentum).add_(gradient);
  }
  slot.parameter.add_(gradient, in_single(-lr));
}

void Optimizer::step_adam(Slot& slot, double lr) {
  at::Tensor gradient = slot.parameter.grad();
  if (slot.decays && options_.weight_decay != 0) {
    if (options_.kind == OptimizerKind::adamw) {
      slot.parameter.mul_(in_single(1 - lr * options_.weight_decay));
    } else {
      gradient = gradient.add(slot.parameter, options_.weight_decay);
    }
  }
  slot.first.lerp_(gradient, 1 - options_.beta1);
  slot.second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
  const auto t = static_cast<double>(steps_);
  const double correction1 = 1 - std::pow(options_.beta1, t);
  const double correction2 = 1 - std::pow(options_.beta2, t);
  const at::Tensor spread = slot.second.sqrt().div_(std::sqrt(correction2)).add_(options_.eps);
  slot.parameter.addcdiv_(slot.first, spread, in_single(-lr / correction1));
}

nn::NamedTensors Optimizer::state() const {
  nn::NamedTensors state;
  for (const auto& slot : slots_) {
    if (options_.kind == OptimizerKind::sgd) {
      state[slot.name + ".momentum"] = slot.first;
    } else {
      state[slot.name + ".mean"] = slot.first;
      state[slot.name + ".square"] = slot.second;
    }
  }
  return state;
}

void Optimizer::restore(const nn::NamedTensors& state, int64_t steps) {
  const torch::NoGradGuard no_grad;
  const nn::NamedTensors own = this->state();
  std::string wrong;
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) {
      wrong += fmt::format("\n  {}: missing", name);
    } else if (found->second.sizes() != tensor.sizes()) {
      wrong += fmt::format("\n  {}: shape {}, expected {}", name, fmt::join(found->second.sizes(), "x"),
                           fmt::join(tensor.sizes(), "x"));
    }
  }
  for (const auto& [name, tensor] : state) {
    if (!own.contains(name)) wrong += fmt::format("\n  {}: unexpected", name);
  }
  if (!wrong.empty()) throw ModelError("checkpoint", "the optimizer's state does not fit this run:{}", wrong);
  for (const auto& [name, tensor] : own)
    tensor.copy_(state.at(name));
  steps_ = steps;
}

GradientNorms gradient_norms(const nn::Parameters& parameters) {
  GradientNorms norms;
  double sum = 0;
  for (const auto& [name, parameter] : parameters) {
    const double norm = parameter.grad().defined() ? parameter.grad().norm().item<double>() : 0;
    norms.each.push_back(norm);
    sum += norm * norm;
  }
  norms.all = std::sqrt(sum);
  return norms;
}

GradientNorms clip_gradients(const nn::Parameters& parameters, double max_norm) {
  const torch::NoGradGuard no_grad;
  const auto norms = gradient_norms(parameters);
  if (max_norm > 0 && norms.all > max_norm) {
    for (const auto& [name, parameter] : parameters) {
      if (parameter.grad().defined()) parameter.mutable_grad().mul_(max_norm / norms.all);
    }
  }
  return norms;
}

}  // namespace graft::train
