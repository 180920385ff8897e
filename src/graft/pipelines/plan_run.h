// A run that is planned and not carried out: the memory that it would take, and from a few steps its time. Nothing is
// written.
#pragma once

#include <cstdint>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"
#include "graft/planner/planner.h"

namespace graft::pipelines {

struct Pace {
  int64_t batches = 0;   // of the whole run
  int64_t measured = 0;  // of them, now; 0: nothing is trained, or it does not fit
  double batch_seconds = 0;
  int64_t passes = 0;         // without gradients: validation, test, features that are kept
  int64_t pass_examples = 0;  // of each
  double pass_seconds = 0;
  double seconds() const;
};

struct RunPlan {
  planner::PlanChoice choice;
  planner::Plan other;  // with the other way to keep activations
  Pace pace;
};

// On what a session holds. Its model is as it was afterwards.
RunPlan plan_run(engine::Session& session, const engine::AdaptOptions& options, const OptionValues& method_options,
                 Reporter& report);

RunPlan plan_run(const engine::AdaptOptions& options, const OptionValues& method_options, const engine::Host& host,
                 Reporter& report);

}  // namespace graft::pipelines
