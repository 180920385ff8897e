// How often predictions of a class are right, and how well that is known.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graft/tasks/predictions.h"
#include "graft/tasks/scores.h"

namespace graft::tasks {

struct GroupCount {
  int64_t count = 0, correct = 0;
};

struct ClassCounts {
  int64_t count = 0;
  int64_t correct = 0;
  int64_t among_five = 0;                                    // whose class is among the five most probable
  double loss = 0;                                           // mean cross-entropy
  std::vector<int64_t> class_count, class_correct;           // [C]
  std::map<std::pair<int64_t, int64_t>, int64_t> confusion;  // (label, predicted) -> examples, where there are any
  std::map<std::string, GroupCount> groups = {};             // by name, of the examples that have one

  double accuracy() const;        // in [0, 1], as the next
  double mean_per_class() const;  // over the classes that occur
  double macro_f1() const;        // over the classes that occur or are predicted
  // Matthews' coefficient for several classes (Gorodkin 2004), in [-1, 1]; 0 where it is not defined.
  double mcc() const;
};

// Of equal scores the lower class counts as predicted.
ClassCounts count_classes(const Predictions& predictions);

// Rows that are wrong, the surest first.
std::vector<int64_t> surest_mistakes(const Predictions& predictions, size_t most);

// accuracy, mean_per_class, macro_f1, mcc, and of a test of more than five classes top5; where examples have groups
// worst_group stands second, the least of the groups' accuracies (Sagawa et al. 2020, arXiv:1911.08731). Intervals:
// Wilson's for accuracy, top5 and worst_group (of the group that was worst here: that it was chosen so is not in it),
// by the jackknife for F1 and Matthews'.
Scores score(const ClassCounts& counts, bool intervals = false);

}  // namespace graft::tasks
