// `graft segment train`: a segmenter trained on masks that nobody drew, in rounds: what one has learned is told of the
// same photos anew, and the next is trained on that from the start (COMUS, Zadaianchuk et al. 2023, arXiv:2207.05027).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/engine/options.h"
#include "graft/pipelines/adapt.h"

namespace graft::pipelines {

struct RoundOptions {
  int64_t rounds = 1;
};
template <class Visitor>
void fields(Visitor& visit, RoundOptions& o) {
  visit("rounds", o.rounds, "trainings one after another, each on the masks that the one before tells");
}

inline constexpr const char* kSegmenter = "segmenter";  // where rounds lie below the masks that they begin with

// options.data names a folder of photos with masks, options.output the folder to write (empty: segmenter/ in it):
// round-1/ and so on are runs, masks-2/ and so on what they were trained on; masks/, overlays/ and classes.txt what the
// last tells of the photos. The scores of a round are of the masks it was given, not of the truth.
struct TrainedSegmenter {
  std::filesystem::path folder;
  std::vector<AdaptResult> rounds;
};
TrainedSegmenter train_segments(const engine::AdaptOptions& options, const OptionValues& method_options,
                                const RoundOptions& rounds, const engine::Host& host, Reporter& report);

// The rounds' runs below what train_segments wrote, or below a folder that it wrote segmenter/ into, in their order;
// empty: none lies there.
std::vector<std::filesystem::path> rounds_below(const std::filesystem::path& folder);

}  // namespace graft::pipelines
