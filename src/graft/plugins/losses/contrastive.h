// Losses of embeddings that belong together: of pairs (a photo and its text), and of examples with labels. Each is the
// sum over its anchors. Pairs come as their logits, photos by texts, so that several photos may have one text.
#pragma once

#include <ATen/core/Tensor.h>

namespace graft::plugins {

// Khosla et al. 2020 (arXiv:2004.11362), eq. 2: rows [N, D] of length 1, labels [N] int64 -> a scalar. Rows with the
// same label, views of one example among them, are each other's positives; a row without any asks nothing.
at::Tensor supervised_contrastive(const at::Tensor& rows, const at::Tensor& labels, double temperature);

// InfoNCE (van den Oord et al. 2018, arXiv:1807.03748, eq. 4) in both directions, half of each, as CLIP has it: logits
// [B, U], of photo i and text u scale * cos -> [B, U], what each pair costs if it is one: the mean of -log of its share
// among the photo's texts and among the text's photos. A text that several photos have is asked once for each, the
// others being its negatives there (Khosla et al.'s L_out, as of several positives).
at::Tensor info_nce_costs(const at::Tensor& logits);

// SigLIP (Zhai et al. 2023, arXiv:2303.15343, section 3.2): each photo with each text by itself is a pair or is none.
// logits [B, U] with the bias in them -> [B, U], what a photo costs with all texts if that one is its own.
at::Tensor siglip_costs(const at::Tensor& logits);

}  // namespace graft::plugins
