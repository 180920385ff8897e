// What an equal budget comes to for one method: which rank has so many trained parameters, how many steps fit in so
// many seconds.
#pragma once

#include <cstdint>
#include <string>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/engine/session.h"

namespace graft::study {

struct SolvedBudget {
  OptionValues options = {};  // that the run's are changed by
  std::string said = {};      // "rank 3, 24.8 k trained"
  bool off = false;           // more than a tenth from what was asked
};

// The method's size (Entry::size_option) whose count of trained parameters, the head's among them, is nearest to
// `wanted`. A method without one keeps its own count.
SolvedBudget solve_parameters(int64_t wanted, engine::Session& session, const OptionValues& run, Reporter& report);

// Steps of training at the pace of a few of them. What takes no steps is as it is.
SolvedBudget solve_seconds(double seconds, engine::Session& session, const OptionValues& run, Reporter& report);

// The epochs or steps that a run takes in full, which successive halving divides; 0 where nothing is trained by steps.
struct FullLength {
  int64_t count = 0;
  std::string unit = "epochs";
};
FullLength full_length(engine::Session& session, const OptionValues& run, Reporter& report);

}  // namespace graft::study
