#include "graft/discovery/saliency/patch_head.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {

at::Tensor PatchHead::logits(const at::Tensor& rows) const {
  if (rows.size(1) != weight.size(0))
    throw ModelError("saliency",
                     "the head is for patches {} numbers wide, the model's have {}: expected the ViT that it was "
                     "trained on.",
                     weight.size(0), rows.size(1));
  return at::mv(rows, weight) + bias;
}

nn::NamedTensors PatchHead::named() const {
  return {{"decoder.weight", weight.view({1, -1, 1, 1})}, {"decoder.bias", bias}};
}

PatchHead head_of(std::string_view where, std::string_view source, const nn::NamedTensors& tensors) {
  std::vector<std::string> odd;
  for (const auto& [name, tensor] : tensors) {
    const bool fits = name == "decoder.bias"
                          ? tensor.numel() == 1
                          : name == "decoder.weight" && tensor.dim() >= 2 && tensor.numel() == tensor.size(1);
    if (!fits) odd.push_back(fmt::format("{} [{}]", name, fmt::join(tensor.sizes(), ", ")));
  }
  if (!odd.empty() || tensors.size() != 2)
    throw ModelError(
        where, "{} is no head: expected decoder.weight [1, D, 1, 1] and decoder.bias [1] alone, got {}.", source,
        odd.empty() ? fmt::format("{} of the two", tensors.size()) : fmt::format("{}", fmt::join(odd, ", ")));
  return {tensors.at("decoder.weight").to(at::kFloat).flatten().contiguous(),
          tensors.at("decoder.bias").to(at::kFloat).flatten().contiguous()};
}

PatchHead first_head(int64_t width, Random random) {
  const double bound = 1 / std::sqrt(static_cast<double>(width));
  PatchHead head{at::empty({width}, tensor::on_cpu()), at::empty({1}, tensor::on_cpu())};
  for (auto* tensor : {&head.weight, &head.bias}) {
    for (int64_t i = 0; i < tensor->numel(); ++i)
      tensor->data_ptr<float>()[i] = static_cast<float>(random.uniform(-bound, bound));
    tensor->requires_grad_();
  }
  return head;
}

Standard::Standard(const std::vector<at::Tensor>& rows) {
  const auto all = at::cat(rows);
  mean = all.mean(0);
  spread = all.std(0, /*unbiased=*/false).clamp_min(1e-6);
}

at::Tensor Standard::of(const at::Tensor& rows) const {
  return (rows - mean) / spread;
}

PatchHead Standard::folded(const PatchHead& head) const {
  const auto weight = head.weight.detach() / spread;
  return {weight, head.bias.detach() - at::dot(weight, mean)};
}

HeadOptimizer::HeadOptimizer(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  for (const auto& parameter : parameters_) {
    first_.push_back(at::zeros_like(parameter));
    second_.push_back(at::zeros_like(parameter));
  }
}

void HeadOptimizer::step(double rate) {
  const torch::NoGradGuard no_grad;
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8, kDecay = 0.01;
  ++steps_;
  const double correction1 = 1 - std::pow(kBeta1, steps_), correction2 = 1 - std::pow(kBeta2, steps_);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    auto& parameter = parameters_[i];
    const auto gradient = parameter.grad();
    parameter.mul_(1 - rate * kDecay);
    first_[i].mul_(kBeta1).add_(gradient, 1 - kBeta1);
    second_[i].mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
    parameter.addcdiv_(first_[i], second_[i].sqrt() / std::sqrt(correction2) + kEps, -rate / correction1);
    parameter.mutable_grad() = at::Tensor();
  }
}

std::vector<size_t> shuffled(size_t count, Random random) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

std::vector<size_t> some_of(size_t count, int64_t most, const Random& random) {
  auto chosen = shuffled(count, random);
  chosen.resize(std::min(chosen.size(), static_cast<size_t>(most)));
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace graft::discovery
