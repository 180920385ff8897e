// What `graft segment discover` left in a folder, read again: for pages, and for whoever scores it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "graft/pipelines/discover.h"

namespace graft::pipelines {

struct StoredDiscovery {
  std::filesystem::path folder;
  DiscoverOptions options;  // images is absolute
  Discovery found;
};

// Writes folder/discovery.json: what was asked, so that whoever finds the folder knows of which photos it is.
void write_discovery_options(const std::filesystem::path& folder, const DiscoverOptions& options);

bool is_discovery(const std::filesystem::path& folder);  // whether it holds a whole one
// DataError for a folder whose files are not what graft wrote.
StoredDiscovery read_discovery(const std::filesystem::path& folder);

}  // namespace graft::pipelines
