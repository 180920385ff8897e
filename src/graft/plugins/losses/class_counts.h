// What a loss makes of how many training examples each class has.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "graft/plugins/losses/loss.h"

namespace graft::plugins {

// The counts [C] in float64. ConfigError by the name of the loss where they are not known, or a class has none.
at::Tensor counts_of(const std::string& loss, const LossSetting& setting);

// `text`: "balanced" (n / (C n_c), as scikit-learn has it), or a number for each class with commas between -> [C] in
// float64; undefined for an empty text: all classes alike. ConfigError for anything else.
at::Tensor class_weights(const std::string& loss, const std::string& text, const LossSetting& setting);

// (1 - beta) / (1 - beta^n), scaled so that the weights sum to C: the inverse of the effective number of examples (Cui
// et al. 2019, arXiv:1901.05555, eq. 2 and section 4) -> [C] in float64. beta 0: all alike; towards 1: 1 / n_c.
at::Tensor effective_weights(const std::string& loss, double beta, const LossSetting& setting);

// What a mean over a batch is taken over.
enum class Normaliser { examples, positives };
std::vector<std::pair<Normaliser, std::string>> choices(Normaliser);

// labels [B] or [B, C] -> the number of examples, or the sum of the labels' weights; weights [C], undefined: ones.
double weight_of(Normaliser normaliser, const at::Tensor& labels, const at::Tensor& weights);

}  // namespace graft::plugins
