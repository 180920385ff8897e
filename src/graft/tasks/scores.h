// What a validation or a test found, by name. The first score chooses the best epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/interval.h"

namespace graft::tasks {

struct Score {
  std::string name;                       // "accuracy", as files and flags write it
  double value = 0;                       // NaN where it is not defined
  std::optional<Interval> interval = {};  // 95 %
  bool is_share = true;                   // of 1: people read it in percent
  bool more_is_better = true;
};

struct Scores {
  int64_t count = 0;  // of examples that are scored
  double loss = 0;    // their mean
  std::vector<Score> all = {};

  const Score& first() const { return all.front(); }
  const Score* find(std::string_view name) const;  // null: there is none
  double value(std::string_view name) const;       // NaN: there is none
};

// "93.4 %  (95 % interval 92.6 to 94.2)  mean per class 93.3 %"; of a number that is no share "spearman 0.812 ...". The
// first `most` of them.
std::string format_scores(const Scores& scores, size_t most);
std::string format_score(const Score& score);  // "accuracy 93.4 %"
std::string format_value(const Score& score);  // "93.4 %"

}  // namespace graft::tasks
