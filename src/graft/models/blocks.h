// Transformer blocks out of a checkpoint: what a layout calls their parts, and the reading.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/models/checkpoint.h"
#include "graft/nn/transformer.h"

namespace graft::models {

// Module paths inside a block. Attention holds q, k and v as one matrix or as three.
struct BlockNames {
  const char* norm1;  // attention's, before it or behind it
  const char* norm2;  // the MLP's
  const char* qkv;    // one matrix; nullptr where there are three
  const char* q = nullptr;
  const char* k = nullptr;
  const char* v = nullptr;
  const char* proj;
  const char* fc1;
  const char* fc2;
  const char* scale1 = nullptr;  // LayerScale parameters, whole names
  const char* scale2 = nullptr;
  bool multihead = false;  // torch.nn.MultiheadAttention: `qkv` is the module, in_proj_weight its parameter
};

struct BlocksPlan {
  nn::Tower tower = nn::Tower::vision;
  std::string theirs;  // "visual.transformer.resblocks."
  BlockNames names;
  int64_t width = 0;
  int64_t heads = 1;
  int64_t depth = 0;  // how many blocks the model says it has; 0: as many as the checkpoint holds
  double eps = 1e-6;
  tensor::Activation activation = tensor::Activation::gelu;
  bool causal = false;
  bool norm_first = true;  // pre-norm
  bool qkv_bias = true;
  tensor::Precision precision = tensor::Precision::fp32;
  nn::Place place = 1;        // of the sites of block 0
  bool later_place = true;    // the next block's sites have the next place (false: a text tower)
  bool tokens = true;         // tokens may be put in before each block
  int64_t patch_numbers = 0;  // of their sites
};

// Ours are called "vision.blocks.0.attn.qkv.weight" and so on.
std::shared_ptr<nn::Transformer> read_blocks(CheckpointReader& reader, const BlocksPlan& plan);

std::shared_ptr<nn::LayerNorm> read_norm(CheckpointReader& reader, const std::string& ours, const std::string& theirs,
                                         int64_t width, double eps, tensor::Precision precision);

// The shape of a tensor that tells a size of the model, with as many dimensions as it must have, none of them 0.
std::vector<int64_t> sizes_of(const CheckpointReader& reader, const std::string& theirs, size_t dimensions);

}  // namespace graft::models
