// Which words of a text decided what was said of it: gradient times input (Shrikumar et al. 2016, arXiv:1605.01713) of
// the chosen output with respect to the tokens that the first block reads, summed over a word's tokens.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/source.h"
#include "graft/engine/adapter_folder.h"

namespace graft::pipelines {

// Words with their weights, from -1 to 1 (the largest of the text has one of these); in the order of the text, each
// with the blank before it. For a head on a tower that reads text.
using WordWeights = std::vector<std::pair<std::string, double>>;

WordWeights word_weights(const methods::Adapted& adapted, const data::Source& source, int64_t example, int64_t output);

}  // namespace graft::pipelines
