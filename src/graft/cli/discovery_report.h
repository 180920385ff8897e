// The report of a discovery, put together from the pictures that its stages wrote.
#pragma once

#include <string>

#include "graft/pipelines/discover.h"

namespace graft::cli {

// Writes output/report.html.
void write_discovery_report(const pipelines::DiscoverOptions& options, const pipelines::Discovery& found,
                            const std::string& command);

}  // namespace graft::cli
