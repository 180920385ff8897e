// What PEFT wrote, for one of our models. What it changes is read off its tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/methods/adaptation.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/parameters.h"

namespace graft::methods {

// A linear head that an adapter of PEFT's brings along; its weight is undefined where there is none.
struct ForeignHead {
  std::string module;  // "classifier"
  at::Tensor weight;   // [C, E]
  at::Tensor bias;     // [C]
};

struct ForeignAdapter {
  std::unique_ptr<Method> method;
  Adaptation adaptation;
  nn::NamedTensors parameters;  // values of the model's own parameters that it holds, by our names
  ForeignHead head;
  std::string headless;  // why a classifier that is there cannot be used with this model
  std::vector<Note> notes;
};

}  // namespace graft::methods
