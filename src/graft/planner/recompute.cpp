#include "graft/planner/recompute.h"

namespace graft::planner {

std::vector<std::pair<Recompute, std::string>> choices(Recompute) {
  return {{Recompute::automatic, "auto"}, {Recompute::none, "none"}, {Recompute::all, "all"}};
}

}  // namespace graft::planner
