// A small two-layer network behind frozen layers or beside them (Houlsby et al. 2019, arXiv:1902.00751; beside: He et
// al. 2022, arXiv:2110.04366), with the sum that it ends in: h + gain * up(act(down(x))).
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {

struct Bottleneck {
  at::Tensor down_weight, down_bias;  // [r, D], [r] float32, trained
  at::Tensor up_weight, up_bias;      // [D, r], [D]
  Activation activation = Activation::relu;
  double gain = 1;
};

// x and h [..., D]; behind the layers x is h, the same tensor; undefined h: nothing is added, and the result has the
// type of x, else of h. Of a float32 x the products are float32; of a bf16 one the weights count with 16 bits, sums are
// float32, what lies between the layers is bf16, and so is the gradient that comes back through them. Throws ShapeError
// where the widths do not fit.
at::Tensor bottleneck(const at::Tensor& x, const at::Tensor& h, const Bottleneck&);

}  // namespace graft::tensor
