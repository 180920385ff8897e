#include "graft/cli/assets.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <vector>

#include "graft/core/error.h"

namespace graft::cli {

std::filesystem::path find_assets(const io::Environment& environment) {
  std::vector<std::filesystem::path> places;
  if (const auto named = environment("GRAFT_ASSETS"); named && !named->empty()) {
    places.emplace_back(*named);
  } else {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) places.push_back(program.parent_path().parent_path() / "share" / "graft");
    places.emplace_back(GRAFT_SOURCE_ASSETS);
  }
  std::string looked;
  for (const auto& place : places) {
    std::error_code error;
    if (std::filesystem::is_directory(place / "clip_products", error)) return place;
    looked += fmt::format("\n  {}", place.string());
  }
  throw FileError("assets",
                  "the embedded model and photos are not there. Name their folder with GRAFT_ASSETS. Looked in:{}",
                  looked);
}

}  // namespace graft::cli
