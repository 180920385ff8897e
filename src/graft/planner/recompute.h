// What a step keeps for its backward: all activations, or each block's input, from which the block runs again. The
// numbers are the same; automatic: all, unless the plan does not fit the memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace graft::planner {

enum class Recompute { automatic, none, all };
std::vector<std::pair<Recompute, std::string>> choices(Recompute);

}  // namespace graft::planner
