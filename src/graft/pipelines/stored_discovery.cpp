#include "graft/pipelines/stored_discovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/pipelines/discovery/stages.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOptions = "discovery.json";

// The photo where it was; gone from there, where the masks' own photos lie.
fs::path photo_at(const DiscoverOptions& options, const fs::path& folder, const std::string& name) {
  std::error_code error;
  const auto own = folder / "images" / name, first = fs::path(options.images) / name;
  return fs::exists(first, error) ? first : own;
}

}  // namespace

void write_discovery_options(const fs::path& folder, const DiscoverOptions& options) {
  auto values = write_options(options);
  values.erase("output");  // the folder itself, which may be moved
  values["images"] = fs::absolute(options.images).lexically_normal().string();
  write_file_atomically(folder / kOptions,
                        nlohmann::json(values).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

bool is_discovery(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / kOptions, error);
}

StoredDiscovery read_discovery(const fs::path& folder) {
  StoredDiscovery stored{.folder = folder, .options = {}, .found = {}};
  const auto json = nlohmann::json::parse(read_file("segment", folder / kOptions), nullptr, false);
  if (!json.is_object())
    throw DataError("segment", "{} is not what graft wrote. Run graft segment discover again.",
                    (folder / kOptions).string());
  try {
    stored.options = read_options<DiscoverOptions>("segment", json.get<OptionValues>());
  } catch (const nlohmann::json::exception&) {
    throw DataError("segment", "{} is not what graft wrote. Run graft segment discover again.",
                    (folder / kOptions).string());
  }
  for (const auto& [name, why] : read_photos_of_saliency(folder / "saliency"))
    stored.found.photos.push_back(
        {.name = name, .path = photo_at(stored.options, folder, name), .left = why, .regions = {}});
  const auto left = read_left_out(folder / "regions");
  for (auto& photo : stored.found.photos) {
    if (const auto why = left.find(photo.name); why != left.end()) photo.left = why->second;
  }
  read_clusters(folder / "clusters", stored.found);
  stored.found.masks = std::ranges::count_if(stored.found.photos, &DiscoveredPhoto::has_mask);
  return stored;
}

}  // namespace graft::pipelines
