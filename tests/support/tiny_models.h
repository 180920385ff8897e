// Models of a few thousand weights, random but lively, made in memory through the real loaders. Their sizes are odd on
// purpose: no two widths agree by chance.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/nn/value.h"
#include "graft/tensor/precision.h"

namespace graft::testing {

// A checkpoint in memory: the tensors and the JSON files beside them.
struct TinyCheckpoint {
  io::ModelFolder folder;
  std::map<std::string, at::Tensor> tensors;  // float32
  // What its model reads, `count` examples of a seed.
  std::function<nn::Value(int64_t count, uint64_t seed)> examples = nullptr;

  io::Weights weights() const;
  std::unique_ptr<models::Model> load(const models::LoadOptions& options = {}) const;
};

// One function a family of models.def, in tests/support/tiny_<family>.cpp:
//   bert  transformers' layout: 3 post-norm blocks of width 24, 2 heads, 50 words, 12 positions, pooler; texts of 7
//   clip  open_clip's layout: 24 pixels, patch 8 (9 patches), 3 blocks of width 32, 2 heads; a text tower of width 16,
//         2 blocks, context 24, CLIP's vocabulary; 12 joint dimensions; QuickGELU
//   decoder  transformers' layout of Qwen3: 3 blocks of width 28, 4 heads of width 10, 2 of keys, 50 words; texts of 7
//   deeplab  torchvision's names: a ResNet of 2 basic blocks of 8 and 12 channels, a pyramid of 10, 3 classes
//   resnet  timm's layout: 24 pixels, 3 basic blocks of 8, 8 and 12 channels
//   resnet3d  torchvision's names: clips of 3 frames of 8 pixels, 3 blocks of 5, 5 and 12 channels
//   timesformer  transformers' layout: clips of 3 frames of 16 pixels, patch 8, 2 blocks of width 24, 2 heads
//   vit   DINOv2's names as timm writes them: 24 pixels, patch 8, 3 blocks of width 32, 2 heads, 2 registers,
//         LayerScale, GELU
#define MODEL(name) TinyCheckpoint tiny_##name##_checkpoint(uint64_t seed = 1);
#include "graft/models/models.def"
#undef MODEL

struct TinyFamily {
  const char* name;  // as the registry has it
  TinyCheckpoint (*checkpoint)(uint64_t seed);
};
const std::vector<TinyFamily>& tiny_families();  // in the registry's order

// For float64 (gradient checks): tiny_clip()->to(torch::kFloat64).
std::shared_ptr<models::Model> tiny_clip(uint64_t seed = 1, tensor::Precision precision = tensor::Precision::fp32);
std::shared_ptr<models::Model> tiny_vit(uint64_t seed = 1, tensor::Precision precision = tensor::Precision::fp32);

// [count, 3, 24, 24], normal
at::Tensor tiny_images(int64_t count, uint64_t seed = 1);

// Normal numbers of a seed, float32, the same on every machine.
at::Tensor random_tensor(std::vector<int64_t> shape, uint64_t seed, double std = 1, double mean = 0);

}  // namespace graft::testing
