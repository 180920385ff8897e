// Models of a few thousand weights, random but lively, made in memory through the real loaders. Their sizes are odd on
// purpose: no two widths agree by chance.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/tensor/precision.h"

namespace graft::testing {

// A checkpoint in memory: the tensors and the JSON files beside them.
struct TinyCheckpoint {
  io::ModelFolder folder;
  std::map<std::string, at::Tensor> tensors;  // float32

  io::Weights weights() const;
  std::unique_ptr<models::Model> load(const models::LoadOptions& options = {}) const;
};

// open_clip's layout: 24 pixels, patch 8 (9 patches), 3 blocks of width 32, 2 heads; text of width 16, 2 blocks,
// context 24, CLIP's vocabulary; 12 joint dimensions; QuickGELU.
TinyCheckpoint tiny_clip_checkpoint(uint64_t seed = 1);
// DINOv2's names as timm writes them: 24 pixels, patch 8, 3 blocks of width 32, 2 heads, 2 registers, LayerScale, GELU.
TinyCheckpoint tiny_vit_checkpoint(uint64_t seed = 1);

// For float64 (gradient checks): tiny_clip()->to(torch::kFloat64).
std::shared_ptr<models::Model> tiny_clip(uint64_t seed = 1, tensor::Precision precision = tensor::Precision::fp32);
std::shared_ptr<models::Model> tiny_vit(uint64_t seed = 1, tensor::Precision precision = tensor::Precision::fp32);

// [count, 3, 24, 24], normal
at::Tensor tiny_images(int64_t count, uint64_t seed = 1);

// Normal numbers of a seed, float32, the same on every machine.
at::Tensor random_tensor(std::vector<int64_t> shape, uint64_t seed, double std = 1, double mean = 0);

}  // namespace graft::testing
