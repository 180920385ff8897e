// Several comparisons in one report. m is all of them that the report shows, fixed before the results.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

// Adjusted p-values in the order given. DataError for a p outside [0, 1].
std::vector<double> holm(std::span<const double> p);                // Holm 1979: for verdicts
std::vector<double> benjamini_hochberg(std::span<const double> p);  // 1995: for long tables that explore

// The e-values that are rejected at false discovery rate alpha, whatever their dependence (Wang & Ramdas 2022): the k
// largest, k the largest number with e_(k) >= m / (alpha k). Of values at one common time, never of running maxima.
std::vector<bool> e_benjamini_hochberg(std::span<const double> e, double alpha = 0.05);

// The fewest non-zero pairs with which the least sign-flip p, 2 / 2^n, survives Holm over m comparisons.
int64_t pairs_for_holm(int64_t comparisons, double alpha = 0.05);

}  // namespace graft::statistics
