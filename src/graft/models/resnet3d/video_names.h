// torchvision's video networks by their tensors' names.
#pragma once

#include "graft/io/weights.h"

namespace graft::models::resnet3d {

enum class Kind {
  none,
  residual,  // r3d_18 and mc3_18: convolutions over both, or over space alone
  split,     // r2plus1d_18: each convolution over space, then over time
  s3d,
};
Kind kind_of(const io::Weights& weights);

}  // namespace graft::models::resnet3d
