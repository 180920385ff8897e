// What a tower computes at a place, and what is known of its rows. It travels whole: nobody guesses a layout.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/layout.h"

namespace graft::nn {

struct Value {
  at::Tensor x;             // [B, 3, H, W] pixels, [B, T] ids, [B, T, D] tokens, [B, E] features
  Layout layout = {};       // of tokens: which rows are what; of frames B counts all, clip after clip
  at::Tensor present = {};  // [B, T] bool: rows that are no padding, which comes last; undefined: all
  at::Tensor types = {};    // of ids: [B, T] int64, which of a pair's texts each is of; undefined: all of the first

  int64_t examples() const { return x.size(0) / layout.frames; }
};

// A row a frame as a row a clip, the mean over its frames in their order: [B * frames, ...] -> [B, ...]
at::Tensor mean_over_frames(const at::Tensor& rows, int64_t frames);

}  // namespace graft::nn
