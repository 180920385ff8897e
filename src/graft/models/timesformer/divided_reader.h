// The divided blocks of a TimeSformer out of a checkpoint, or out of a ViT's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/models/blocks.h"
#include "graft/models/checkpoint.h"
#include "graft/models/timesformer/divided_block.h"
#include "graft/tensor/precision.h"

namespace graft::models::timesformer {

struct DividedPlan {
  std::string theirs;  // "encoder.layer."
  BlockNames names;
  BlockNames temporal;      // norm1, qkv or q, k and v, proj: of the attention over time
  std::string temporal_fc;  // empty: of zeros, as where a ViT is made a TimeSformer
  int64_t width = 0, heads = 1, depth = 0, frames = 1;
  double eps = 1e-6;
  tensor::Activation activation = tensor::Activation::gelu;
  bool qkv_bias = true;
  tensor::Precision precision = tensor::Precision::fp32;
};

std::vector<std::shared_ptr<DividedBlock>> read_divided(CheckpointReader& reader, const DividedPlan& plan);

}  // namespace graft::models::timesformer
