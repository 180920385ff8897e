// What kinds of mistakes a detector makes and what each costs (TIDE; Bolya et al. 2020, arXiv:2008.08115): a wrong
// detection has one kind, by the object it overlaps most, and a kind costs what AP50 gains when an oracle mends it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "graft/detection/evaluation.h"

namespace graft::detection {

enum class Mistake {
  classification,  // overlaps an object of another class by .5 or more
  location,        // overlaps an object of its class by .1 to .5
  both,            // another class, and by .1 to .5
  duplicate,       // overlaps an object of its class by .5 or more that a higher score found
  background,      // overlaps nothing by .1
  missed,          // an object that nothing found, and no mistake of the first two kinds would
};
constexpr std::size_t kMistakes = 6;
std::string_view name_of(Mistake mistake);

struct MistakeCosts {
  double precision = 0;  // AP50 as it is
  struct Cost {
    std::size_t count = 0;
    double gain = 0;  // of AP50, mended alone
  };
  std::array<Cost, kMistakes> costs;
};

// Of an evaluation of boxes that kept its outcomes, with .5 as its first threshold (UsageError); DataError for
// results without boxes. Detections that the
// evaluation ignores, and objects that it ignores, are no mistakes.
MistakeCosts mistake_costs(const Set& set, const Detections& detections, const Evaluation& evaluation);

}  // namespace graft::detection
