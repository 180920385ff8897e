#include "graft/cli/detect.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::cli {

void refuse_idle(Arguments& arguments, const std::vector<OptionInfo>& others, const std::vector<OptionInfo>& own,
                 const std::string& what, std::string_view where) {
  const auto typed = arguments.typed();
  std::vector<std::string> idle;
  for (const auto& other : others) {
    if (typed.contains(other.name) && std::ranges::find(own, other.name, &OptionInfo::name) == own.end())
      idle.push_back("--" + other.name);
  }
  if (idle.empty()) return;
  throw ConfigError(where, "{}: {} has no use for {}. Leave {} out.", fmt::join(idle, ", "), what,
                    idle.size() == 1 ? "it" : "them", idle.size() == 1 ? "it" : "them");
}

}  // namespace graft::cli
