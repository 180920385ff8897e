// Finds the clips that cannot be read before a run starts, without decoding them whole: each is opened, and its packets
// are gone through. What breaks inside a frame is seen when that frame is read.
#pragma once

#include <vector>

#include "graft/core/log.h"
#include "graft/data/check_images.h"
#include "graft/data/clip_reading.h"
#include "graft/data/dataset.h"
#include "graft/data/frame_cache.h"

namespace graft::data {

// Each clip once, on `threads` threads; sorted by file. Those of a span that lies outside are among them.
std::vector<BadFile> check_clips(const Dataset& dataset, const std::vector<Split>& splits, int threads,
                                 FrameCache& cache);

// What is to be said of clips that were opened: how many have fewer frames than are read and what the rule then does,
// and what other readers would see otherwise.
void report_clips(const Dataset& dataset, const std::vector<Split>& splits, const ClipReading& reading,
                  FrameCache& cache, Reporter& report);

}  // namespace graft::data
