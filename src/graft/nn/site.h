// Where a method can meet a frozen model. A model is never edited: it offers sites, each with a stable path, and runs
// whatever insert a method has put there in place of (usually: around) the frozen computation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/nn/window.h"

namespace graft::nn {

enum class SiteKind {
  linear,       // [..., in] -> [..., out]: a weight, perhaps with named output slices (q, k, v of one matrix)
  convolution,  // [B, in, H, W] -> [B, out, H', W'], or over time: a weight [out, in, window]
  sublayer,     // residual stream [B, T, D] -> the change that will be added to it; norm and LayerScale inside
  tokens,       // [B, T, D] -> [B, T', D] before a block (or before ln_pre, or positions): rows put in or replaced
  key_values,  // [2, 1 or B, heads, P, d] -> more of P: keys and values that all queries see, before the sequence's own
  maps,        // [B, C, H, W] -> [B, C', H', W'] of a residual block, or of its path: the change that will be added
  words,       // embedded prompt [C, T, D] -> the same shape: rows of learned positions may be replaced
  head,        // features [B, E] -> logits [B, C]
};

enum class Tower { vision, text, head };

// Output rows [begin, end) of a linear map that have a name of their own.
struct Slice {
  std::string name;  // "q"
  int64_t begin = 0;
  int64_t end = 0;
  std::string checkpoint;  // module path in the loaded checkpoint; empty if the checkpoint holds one fused matrix
};

// A place in a tower's order of computation; everything below it does not depend on what is put at or above it.
// 0 pixels, 1 tokens (the input of block 0), 1 + k the output of block k - 1, then pooled, then projected.
using Place = int64_t;

struct Site {
  std::string path;  // "vision.blocks.3.attn.qkv"
  SiteKind kind = SiteKind::linear;
  Tower tower = Tower::vision;
  int64_t block = -1;  // -1: outside the blocks
  // Widths: of the input and output of a linear map or convolution, both of all heads of keys, else both of the stream.
  int64_t in = 0;
  int64_t out = 0;
  Place place = 0;  // the last place that an insert here leaves untouched
  std::vector<Slice> slices = {};
  std::string checkpoint = {};  // module path in the loaded checkpoint ("visual.transformer.resblocks.3.attn")
  std::string part = {};        // of a site in a block, its name there: "attn", "attn.qkv", "mlp"
  bool multihead = false;       // linear: the checkpoint holds it in a torch.nn.MultiheadAttention
  int64_t patch_numbers = 0;    // tokens: that a patch has, channels * height * width; 0: none are cut
  Window window = {};           // convolution
  int64_t heads = 0;            // keys and values: of the keys
};

std::string to_string(SiteKind kind);
std::string to_string(Tower tower);

// Does a pattern select a path? A pattern is a comma-separated list; an item is a glob (* any letters, ? one), matched
// against the whole path or its end after a dot: "q", "attn.*", "vision.blocks.*.mlp.fc1".
bool matches(const std::string& pattern, const std::string& path);

}  // namespace graft::nn
