// Losses of embeddings that belong together: of pairs (a photo and its text), and of examples with labels. No task of
// the house has batches of pairs or of several views yet, so that no run names them; each is the sum over its anchors.
#pragma once

#include <ATen/core/Tensor.h>

namespace graft::plugins {

// Khosla et al. 2020 (arXiv:2004.11362), eq. 2: rows [N, D] of length 1, labels [N] int64 -> a scalar. Rows with the
// same label, views of one example among them, are each other's positives; a row without any asks nothing.
at::Tensor supervised_contrastive(const at::Tensor& rows, const at::Tensor& labels, double temperature);

// InfoNCE (van den Oord et al. 2018, arXiv:1807.03748, eq. 4) in both directions, half of each, as CLIP has it: a and b
// [B, D] of length 1, whose rows i are a pair; scale [] is 1 / temperature, and may be learned -> a scalar.
at::Tensor info_nce(const at::Tensor& a, const at::Tensor& b, const at::Tensor& scale);

// SigLIP (Zhai et al. 2023, arXiv:2303.15343, section 3.2): each of the B² pairs by itself is one or is none. scale and
// bias [] may be learned; the paper starts at 10 and -10 -> a scalar, the sum over the pairs, for a mean over B.
at::Tensor siglip(const at::Tensor& a, const at::Tensor& b, const at::Tensor& scale, const at::Tensor& bias);

}  // namespace graft::plugins
