// A frozen map that has a weight, into which what stands around it can be folded.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/joint.h"

namespace graft::nn {

class Foldable {
 public:
  virtual ~Foldable() = default;
  Joint& joint() { return joint_; }
  const at::Tensor& weight() const {
    return weight_;
  }                                                 // [out, in], or [out, in, ...] of a convolution; perhaps at rest
  const at::Tensor& bias() const { return bias_; }  // [out] or undefined
  // Writes new values into the parameters.
  virtual void assign(const at::Tensor& weight, const at::Tensor& bias) = 0;

 protected:
  explicit Foldable(Site site) : joint_(std::move(site)) {}

  Joint joint_;
  at::Tensor weight_, bias_;
};

}  // namespace graft::nn
