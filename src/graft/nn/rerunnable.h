// A piece of a network, stream in and stream out, that can run a second time in the backward (recompute.h).
#pragma once

#include <torch/nn/module.h>

#include <vector>

#include "graft/nn/joint.h"
#include "graft/nn/stream.h"

namespace graft::nn {

class Rerunnable : public torch::nn::Module {
 public:
  virtual void forward(Stream& stream, const Context& context) const = 0;
  virtual std::vector<Joint*> joints() = 0;  // in order of computation
};

}  // namespace graft::nn
