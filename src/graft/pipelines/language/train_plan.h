// What `graft lm train` will hold at most, told before it starts (planner/planner.h).
#pragma once

#include "graft/engine/language_objective.h"
#include "graft/engine/token_rows.h"
#include "graft/methods/adapted.h"
#include "graft/planner/planner.h"

namespace graft::pipelines::language {

// A step of `rows` that are read, and a validation of `at_once` others; nothing is learnt of them. All must outlive it.
planner::Workload workload_of(engine::LanguageObjective& objective, const methods::Adapted& adapted,
                              const engine::TokenRows& rows, const engine::TokenRows& validation);

}  // namespace graft::pipelines::language
