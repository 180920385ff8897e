// Convolutional block attention, after Woo et al. 2018 (arXiv:1807.06521), eq. 1 to 3: each channel of a residual path
// times a gate that one bottleneck makes of all channels' means and of their largest values, then each position times a
// gate that a 7 x 7 convolution makes of the mean and the largest value over the channels there. The paper's gates
// start near a half; here the last maps start at zero and a gate is 2 sigmoid, 1 exactly at the start. `start=paper` is
// the paper's. The authors' code norms the convolution's result, which the paper does not say and this does not do.
#pragma once

#include "graft/plugins/blocks/block.h"

namespace graft::plugins::cbam {

extern const BlockEntry entry;

}  // namespace graft::plugins::cbam
