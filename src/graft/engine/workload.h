// A prepared run as the planner sees it.
#pragma once

#include "graft/engine/prepared_run.h"
#include "graft/planner/planner.h"

namespace graft::engine {

// Refers to the run, whose steps and passes it makes.
planner::Workload workload_of(PreparedRun& run);

planner::PlanOptions plan_options(const PreparedRun& run);

}  // namespace graft::engine
