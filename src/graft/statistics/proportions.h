// Shares of a test set, and the difference of two methods on the same items. b and c are the items that only A and only
// B has right. Wilson's interval of one share is in core/interval.h.
#pragma once

#include <cstdint>
#include <span>

#include "graft/core/interval.h"

namespace graft::statistics {

// The exact interval of k of n (Clopper & Pearson 1934), by quantiles of the beta distribution; ends 0 and 1 at k = 0
// and k = n; [0, 1] when nothing was counted.
Interval clopper_pearson(int64_t correct, int64_t count, double confidence = 0.95);

// McNemar's test of b = c (1947), two-sided: the binomial one, and its mid-p (Fagerland, Lydersen & Laake 2013), which
// is the one to report: the exact one is conservative. Both are 1 when nothing is discordant.
struct McNemar {
  double exact = 1, mid_p = 1;
};
McNemar mcnemar(int64_t only_first, int64_t only_second);

// The interval of (b - c) / N over N items (Bonett & Price 2012): a pair added to each kind.
Interval bonett_price(int64_t only_first, int64_t only_second, int64_t items, double confidence = 0.95);

// Of the mean over the classes of the share that is right: normal, from each class's own binomial variance, which is
// taken at (correct + 1) / (count + 2) so that a class that is all right is not taken for certain. Classes of which
// nothing was counted are left out.
struct Share {
  int64_t correct = 0, count = 0;
};
Interval mean_share_interval(std::span<const Share> classes);

}  // namespace graft::statistics
