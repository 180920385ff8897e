// A tiny model with one method put in place, ready to train: what the method contract is asked of.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"

namespace graft::testing {

struct Adapted : methods::Adapted {
  at::Tensor images, labels;  // [N, 3, H, W], [N]

  at::Tensor logits(bool train = false, bool recompute = false) const;  // [N, C]
  void step(double lr);  // one step of plain gradient descent on the photos
};

// "clip" or "vit"; `seed` is that of the method and its head, the model is always the same.
std::shared_ptr<models::Model> tiny_model(const std::string& kind);
Adapted adapted(const methods::Entry& entry, const std::string& kind, uint64_t seed = 1);

// All parameters and buffers of a module, copied.
std::vector<std::pair<std::string, at::Tensor>> state_of(const torch::nn::Module& module);

}  // namespace graft::testing
