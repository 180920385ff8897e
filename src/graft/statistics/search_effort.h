// How much was searched, and what a search of n would have given. Scores are validation scores; larger is better.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

enum class BestOf {
  plug_in,   // of the empirical law: sum v_i ((i/m)^n - ((i-1)/m)^n) (Dodge et al. 2019); biased down, varies least
  unbiased,  // over subsets: sum_{i >= n} v_i C(i-1, n-1) / C(m, n) (Tang et al. 2020); n <= m
};
// The weight of the i-th smallest of m trials in the expected best of n. UsageError for n < 1, and for n > m unbiased.
std::vector<double> best_of_weights(int64_t trials, int64_t n, BestOf form);
double expected_best(std::span<const double> validation, int64_t n, BestOf form);
// The test score of the trial that validation picks: test scores in the order of validation, weighted alike, averaged
// where validation ties.
double expected_test_of_best(std::span<const double> validation, std::span<const double> test, int64_t n, BestOf form);

// How many draws find one of the best `share` of a space with this probability: 1 - (1 - share)^n.
int64_t draws_for_top(double share, double probability = 0.95);

struct Rung {
  int64_t configurations = 0, budget = 0;  // each has been given `budget` (updates, epochs, items) in all
};
// Successive halving: rung i gives `least` eta^i, at most `most`, and keeps one in eta, rounded up; the winner is taken
// from the last rung. `exhaust` raises the first budget so that the last rung has all of `most`. Whole numbers
// throughout: the logarithm of 243 to base 3 is below 5 in floating point.
std::vector<Rung> successive_halving(int64_t configurations, int64_t least, int64_t most, int64_t eta = 3,
                                     bool exhaust = false);
// With one total for all rungs: ceil(log2 n) of them, floor(total / (configurations left x rungs)) more in each
// (Jamieson & Talwalkar 2016). `budget` is what this rung adds.
std::vector<Rung> halving_of_total(int64_t configurations, int64_t total);
// Brackets from the most configurations to one rung at full budget (Li et al. 2018): s = s_max .. 0 of
// ceil((s_max + 1) eta^s / (s + 1)) configurations.
std::vector<std::vector<Rung>> hyperband(int64_t most, int64_t eta = 3);

}  // namespace graft::statistics
