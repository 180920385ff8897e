// A frozen linear map on the kernels and its gradients, without a graph: contiguous rows in, contiguous rows out.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/frozen_product.h"

namespace graft::tensor {

struct FrozenLinear::Packed {
  int64_t in = 0, out = 0;
  Precision precision = Precision::fp32;
  std::optional<at::Tensor> bias;
  at::Tensor plain;  // [out, in] as it is multiplied, where the kernels do not fit; `forward` is empty then
  PackedWeight forward;

  // Of a big weight the numbers are written anew each time, for a hundredth of the product's time: to keep them would
  // hold the model twice. Those of small ones are kept.
  // Without them it has its sizes alone, for who asks for no product.
  PackedWeight backward(bool with_numbers);
  int64_t bytes() const;

 private:
  std::once_flag once_;
  PackedWeight backward_;  // of a big weight without its numbers
};

struct MapForward {
  at::Tensor y;                     // [m, out] in the type of x
  at::Tensor before;                // the same before the activation; undefined where there is none or nobody asked
  std::vector<at::Tensor> reduced;  // x Aᵀ of each branch, [m, rank] float32
};

struct MapGradients {
  at::Tensor x, bias;
  std::vector<at::Tensor> a, b;  // one a branch
};

struct MapWants {
  bool x = false, bias = false;
  std::vector<bool> a, b;
};

// `weight` is the map's, or what it becomes for a few rows.
MapForward map_forward(const FrozenLinear::Packed&, const PackedWeight& weight, const at::Tensor& x,
                       const std::vector<LowRank>&, Activation, bool keep_before);

// x is read only where a branch's `a` wants a gradient.
MapGradients map_backward(FrozenLinear::Packed&, const at::Tensor& gradient, const at::Tensor& x,
                          const MapForward& saved, const std::vector<LowRank>&, Activation, const MapWants&);

}  // namespace graft::tensor
