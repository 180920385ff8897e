// Which of several answers a model holds to be right, by their log-likelihoods: lm-evaluation-harness's measures, and
// contextual calibration (Zhao et al. 2021, arXiv:2102.09690).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace graft::prompting {

size_t best_of(std::span<const double> scores);  // of equal ones the first, as numpy.argmax

// The log-likelihoods that the choices are compared by, [choices]: `acc` as they are, `acc_norm` over the length in
// characters, `acc_bytes` over that in UTF-8's bytes, `acc_mutual_info` less those without a context. The delimiter
// before a choice counts in none of the lengths.
std::vector<double> per_character(std::span<const double> sums, std::span<const std::string> choices);
std::vector<double> per_byte(std::span<const double> sums, std::span<const std::string> choices);
std::vector<double> given_context(std::span<const double> sums, std::span<const double> without);

// Calibrated: log p - log p_cf, where p_cf is the mean of the choices' probabilities behind inputs that say nothing
// ([inputs][choices], kContentFree of them behind the very same examples). Normalising either over the choices moves
// all alike.
std::vector<double> calibrated(std::span<const double> sums, std::span<const std::vector<double>> content_free);
inline constexpr const char* kContentFree[] = {"N/A", "", "[MASK]"};

std::vector<double> softmax(std::span<const double> sums);
// The squared distance of softmax(sums) from the right choice (Brier 1950), 0 to 2.
double brier_score(std::span<const double> sums, size_t right);

}  // namespace graft::prompting
