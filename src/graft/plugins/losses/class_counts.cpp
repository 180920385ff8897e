#include "graft/plugins/losses/class_counts.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins {

at::Tensor counts_of(const std::string& loss, const LossSetting& setting) {
  if (setting.counts.empty()) {
    throw ConfigError(loss,
                      "how many training examples each class has is not known here, and the loss is made of that.");
  }
  for (size_t c = 0; c < setting.counts.size(); ++c) {
    if (setting.counts[c] > 0) continue;
    throw ConfigError(loss,
                      "the loss is made of how many training examples each class has, and '{}' has none. Leave "
                      "the class out, or take another loss.",
                      c < setting.classes.size() ? setting.classes[c] : std::to_string(c));
  }
  return torch::tensor(setting.counts, tensor::on_cpu(at::kLong)).to(at::kDouble);
}

at::Tensor class_weights(const std::string& loss, const std::string& text, const LossSetting& setting) {
  if (text.empty()) return {};
  if (text == "balanced") {
    const at::Tensor counts = counts_of(loss, setting);
    return counts.sum() / (static_cast<double>(counts.numel()) * counts);
  }
  std::vector<std::string> words;
  option::parse(loss, "weights", text, words);
  std::vector<double> weights;
  for (const auto& word : words) {
    option::parse(loss, "weights", word, weights.emplace_back());
    if (!(weights.back() >= 0) || !std::isfinite(weights.back())) {
      throw ConfigError(loss, "--weights: expected 0 or more, got {}.", word);
    }
  }
  if (weights.size() != setting.classes.size()) {
    throw ConfigError(loss, "--weights: expected a number for each of the {} classes, got {}.", setting.classes.size(),
                      weights.size());
  }
  if (std::ranges::all_of(weights, [](double weight) { return weight == 0; })) {
    throw ConfigError(loss, "--weights: all are 0, so that nothing would be made small.");
  }
  return torch::tensor(weights, tensor::on_cpu(at::kDouble));
}

at::Tensor effective_weights(const std::string& loss, double beta, const LossSetting& setting) {
  if (!(beta >= 0 && beta < 1)) throw ConfigError(loss, "--beta: expected 0 or more and below 1, got {}.", beta);
  const at::Tensor counts = counts_of(loss, setting);
  // 1 - beta^n by expm1: of a beta near 1 the difference would lose its digits.
  const at::Tensor weights = beta == 0 ? torch::ones_like(counts) : -(1 - beta) / (counts * std::log(beta)).expm1();
  return weights * static_cast<double>(counts.numel()) / weights.sum();
}

std::vector<std::pair<Normaliser, std::string>> choices(Normaliser) {
  return {{Normaliser::examples, "examples"}, {Normaliser::positives, "positives"}};
}

double weight_of(Normaliser normaliser, const at::Tensor& labels, const at::Tensor& weights) {
  if (normaliser == Normaliser::examples) return static_cast<double>(labels.size(0));
  if (labels.dim() == 2) {
    const at::Tensor shares = labels.to(tensor::on_cpu(at::kDouble));
    return (weights.defined() ? shares * weights : shares).sum().item<double>();
  }
  return weights.defined() ? weights.index_select(0, labels.cpu()).sum().item<double>()
                           : static_cast<double>(labels.size(0));
}

}  // namespace graft::plugins
