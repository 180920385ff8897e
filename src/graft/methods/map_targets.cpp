#include "graft/methods/map_targets.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"

namespace graft::methods {

std::vector<std::string> map_targets(const std::string& method, const std::string& option, const std::string& pattern,
                                     models::Model& model, const std::vector<const nn::Site*>& sites, bool perhaps) {
  std::vector<std::string> paths, offered;
  for (const auto* site : sites) {
    const bool separate = !site->slices.empty() && !site->slices.front().checkpoint.empty();
    if (site->block < 0 && pattern.find(site->path) == std::string::npos) continue;
    const bool whole = nn::matches(pattern, site->path);
    if (whole && !separate) paths.push_back(site->path);
    for (const auto& slice : site->slices) {
      const std::string path = site->path + "." + slice.name;
      if (whole ? separate : nn::matches(pattern, path)) paths.push_back(path);
    }
    if (site->block <= 0) offered.push_back(site->path);
  }
  if (paths.empty() && !perhaps) {
    throw ConfigError(
        method,
        "--{} {}: selects no linear map or convolution of {}. In a block there are: {}; slices are named q, k, v.",
        option, pattern, model.info().source, fmt::join(offered, ", "));
  }
  return paths;
}

}  // namespace graft::methods
