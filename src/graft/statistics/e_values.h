// Evidence that may be watched while runs come in. An e-process starts at 1 and, where the null holds, is not expected
// to grow: it reaches 20 with probability at most 0.05, however often it is looked at (Ville 1939; Ramdas et al. 2023,
// arXiv:2210.01948). So one may stop when one likes, and go on later.
#pragma once

#include <cstdint>
#include <span>

namespace graft::statistics {

// A p-value at any time: 1 over the largest value so far, 1 at most.
double anytime_p(double largest);

// Several sets at one common time. The average is always valid. The product only where the sets are independent given
// the past (streams keyed by study, set and seed): correlated sets make it cry wolf, 33 % at correlation 1.
double average_of_e(std::span<const double> values);
double product_of_e(std::span<const double> values);

// Discordant items, b for the first and c for the second, in an order fixed before (a hash of the item): the mixture of
// sign bets with the prior Beta(1/2, 1/2), 2^(b + c) B(b + 1/2, c + 1/2) / B(1/2, 1/2). The same items under another
// seed are no new data.
double sequential_mcnemar(int64_t only_first, int64_t only_second);

}  // namespace graft::statistics
