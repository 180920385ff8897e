// Numbers over items, each with how many there were, its standard error and an interval of 95 %.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/interval.h"
#include "graft/prompting/task.h"

namespace graft::prompting {

struct Score {
  std::string metric, filter = {};
  double value = 0;
  int64_t count = 0;           // items
  double standard_error = 0;   // of a mean sd / sqrt(n); of a perplexity the spread of its bootstrap
  Interval interval = {0, 0};  // of shares Wilson's; of other means normal; of perplexities percentiles of 1,000 draws
  bool higher_is_better = true;
};

// The mean of one value an item. DataError for none.
Score mean_score(std::string metric, std::span<const double> values);

// A text's log-likelihood and how many tokens, words or bytes it is spread over.
struct Weighted {
  double sum = 0;
  double weight = 0;
};
// exp(-sum / weight) over all items together; bits_per_byte: -sum / (weight ln 2).
Score perplexity_score(std::string metric, std::span<const Weighted> items, uint64_t seed = 0);

// As lm-evaluation-harness counts: pieces between runs of white space, an empty one at either end too.
int64_t count_words(std::string_view text);

// A text as exact_match compares it: without what the metric leaves out.
std::string compared_text(std::string_view text, const Metric& metric);

}  // namespace graft::prompting
