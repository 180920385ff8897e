// A prepared run as the planner sees it.
#pragma once

#include "graft/engine/prepared_run.h"
#include "graft/planner/planner.h"

namespace graft::engine {

// Refers to the run, whose steps and passes it makes.
planner::Workload workload_of(PreparedRun& run);

planner::PlanOptions plan_options(const PreparedRun& run);

// Bytes of a model's maps as far as they are packed by now, and of its parameters whose numbers are held beside that.
int64_t packed_bytes(const models::Model& model);
int64_t awake_bytes(const models::Model& model);

}  // namespace graft::engine
