// What is to be said of photos that were read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/image_cache.h"

namespace graft::data {

// What the photos hold that their pixels do not tell: damage, orientation tags, grey of 16 bits; each said once, with
// its count.
void report_findings(const std::vector<std::filesystem::path>& photos, const ImageCache& images, Reporter& report);

// That fewer threads read photos than were asked for.
void report_workers(int64_t started, int64_t asked, Reporter& report);

}  // namespace graft::data
