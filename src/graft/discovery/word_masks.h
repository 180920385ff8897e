// From what words say of the places of a photo to a class for each: MaskCLIP's two refinements (Zhou et al. 2022,
// arXiv:2112.01071, sec. 3.2) and a background.
#pragma once

#include <ATen/core/Tensor.h>

namespace graft::discovery {

// Prompt denoising: scores [C, h, w] of classes that somewhere have a probability of `least` (a softmax over classes)
// or more; those of the others are -infinity. The class that is surest anywhere stays.
at::Tensor without_unseen(const at::Tensor& scores, double least);

// Key smoothing: what places whose keys point the same way say together, sum_j cos(k_i, k_j) p_j. probabilities
// [C, h, w], keys [h * w, D] of the last block -> [C, h, w]; no probabilities any more, the largest is still told. A
// departure: the released code smooths what came behind the output map, and norms it over places; here it is the keys,
// as the paper says, each of unit length.
at::Tensor smoothed(const at::Tensor& probabilities, const at::Tensor& keys);

}  // namespace graft::discovery
