// A merged folder read back as anyone would read it, and held against the adapted model.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/image_cache.h"
#include "graft/engine/adapter_folder.h"

namespace graft::pipelines {

// What a model makes of photos (generated ones where there are none), and of class prompts, if those are the
// classifier.
struct Outputs {
  at::Tensor images;   // [N, E]
  at::Tensor prompts;  // [C, E], or undefined
};
Outputs outputs_of(const std::shared_ptr<models::Model>& model, const engine::AdapterInfo& info,
                   const std::vector<std::filesystem::path>& photos, const std::shared_ptr<data::ImageCache>& images,
                   Reporter& report);

// The largest difference, relative to the largest value that is wanted; infinite for another shape, NaN where either
// holds one, 0 where nothing is wanted.
double deviation(const at::Tensor& wanted, const at::Tensor& got);
double deviation(const Outputs& wanted, const Outputs& got);

// What is read otherwise than it was used, a line each: heads, activation, pooling, pre-processing,
// texts.
std::vector<std::string> differences(const models::ModelInfo& used, const models::ModelInfo& read);

}  // namespace graft::pipelines
