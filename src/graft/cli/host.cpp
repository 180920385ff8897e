#include "graft/cli/host.h"

namespace graft::cli {

std::filesystem::path cache_folder(const io::Environment& environment) {
  const std::string cache = environment("XDG_CACHE_HOME").value_or("");
  if (!cache.empty()) return std::filesystem::path(cache) / "graft";
  const std::string home = environment("HOME").value_or("");
  return home.empty() ? std::filesystem::path() : std::filesystem::path(home) / ".cache" / "graft";
}

engine::Host host_of(const Arguments& arguments) {
  return {arguments.environment(), cache_folder(arguments.environment()), arguments.command_line()};
}

}  // namespace graft::cli
