// Many methods on many sets, by their ranks inside each set: 1 is the best, ties share. Scores are row-major, a row a
// set, a column a method. A rank says nothing of a difference's size, and whether A and B differ depends here on who
// else is in the pool (Benavoli, Corani & Mangili 2016): for a picture; verdicts come from pairs and Holm.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "graft/core/random.h"

namespace graft::statistics {

struct Friedman {
  std::vector<double> mean_ranks;
  double ties = 1;         // Friedman's correction: 1 without ties, 0 when all is tied
  double uncorrected = 0;  // the statistic before it
  double statistic = 0;
  double p = 1;  // by chi-squared, k - 1: poor for few sets
  double f = 0;  // Iman & Davenport 1980; infinite where all sets agree
  double p_f = 1;
  double p_permutation = 1;  // ranks permuted inside sets
  bool exact = true;         // the permutations were all counted; else 99,999 were drawn: (b + 1) / (B + 1)
};
// Friedman 1937. UsageError for fewer than two sets or methods; all tied: every p is 1.
Friedman friedman(std::span<const double> scores, int64_t sets, int64_t methods, const Random& random,
                  bool larger_is_better = true);

// Nemenyi 1963 (Demsar 2006): what two mean ranks must differ by, and the p of a difference.
double nemenyi_difference(int64_t sets, int64_t methods, double alpha = 0.05);
double nemenyi_p(double rank_difference, int64_t sets, int64_t methods);

// A bar of the picture: from the first to the last of the methods in the order of their mean ranks, both included.
using Clique = std::pair<size_t, size_t>;
// Methods from the best to the worst mean rank, ties in the order given.
std::vector<size_t> order_of_ranks(std::span<const double> mean_ranks);
// Longest runs, of two or more, of which the ends differ by no more than `difference`.
std::vector<Clique> cliques(std::span<const double> mean_ranks, double difference);
// Longest runs inside which no pair differs significantly: a bar never runs over a method that differs.
// `differs` is methods x methods in the order of mean_ranks, symmetric.
std::vector<Clique> cliques(std::span<const double> mean_ranks, const std::vector<std::vector<bool>>& differs);
// Pairs (places in that order) that do not differ and lie under no bar: for a table, since no bar can say it.
std::vector<Clique> pairs_without_bar(std::span<const double> mean_ranks,
                                      const std::vector<std::vector<bool>>& differs);

}  // namespace graft::statistics
