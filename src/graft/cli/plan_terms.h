// What a run will hold, as people and machines read it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "graft/cli/terminal.h"
#include "graft/planner/planner.h"

namespace graft::cli {

nlohmann::json plan_terms(const planner::Plan& plan);  // [{"name": ..., "bytes": ...}, ...]

void print_plan_row(std::string_view name, const std::string& value, const std::string& note, Terminal& terminal);
// A row a term that is there, and the sum with its note.
void print_plan_terms(const planner::Plan& plan, const std::string& note, Terminal& terminal);

}  // namespace graft::cli
