// What `graft segment swap` found, for people and for machines.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "graft/pipelines/segment_swap.h"

namespace graft::cli {

// Rows of words, the first the heads: what is answered by the kind of background.
std::vector<std::vector<std::string>> swap_table(const pipelines::BackgroundEffects& effects);

// Behind the share of answers that follow the background beyond chance: of what it is made.
std::string words_of_follows(const pipelines::BackgroundEffects& effects);

nlohmann::json to_json(const pipelines::Swaps& swaps, const pipelines::SwapDraws& draws);

// OUTPUT/summary.json, swaps.jsonl with an object an answer, and report.html. Each is whole or not there.
void write_swap_report(const pipelines::SwapOptions& options, const pipelines::Swaps& swaps,
                       const std::string& command);

}  // namespace graft::cli
