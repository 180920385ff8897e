// Squeeze and excitation, after Hu et al. 2018 (arXiv:1709.01507), eq. 2 to 4: each channel of a residual path times a
// number between 0 and 1 that two small maps make of the means of all channels. The paper's starts near a half, which a
// pre-trained network was not made for; here the last map starts at zero and the gate is 2 sigmoid, so that it starts
// at 1 exactly, between 0 and 2. `start=paper` is the paper's. In a ViT the means are over all tokens.
#pragma once

#include "graft/plugins/blocks/block.h"

namespace graft::plugins::se {

extern const BlockEntry entry;

}  // namespace graft::plugins::se
