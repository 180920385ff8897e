// A linear map whose weight never changes: packed once for the processor, in float32, bfloat16, int8 or NF4 (with
// double quantisation: 4.13 bits a number, Dettmers et al. 2023, arXiv:2305.14314), multiplied with bias, low-rank
// branches and activation in one pass, and differentiable with respect to everything but the weight.
//
// int8 is symmetric a row of the weight and dynamic a token of the input (a token of the gradient, backward): nothing
// to calibrate. The activations get as many bits as the processor's product leaves room for: 12 on AVX2, 8 on VNNI. For
// the backward a frozen map keeps nothing, an activation keeps its input (in the type of x), a low-rank branch x.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "graft/tensor/activation.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/quantised_weight.h"

namespace graft::tensor {

// A branch scale * (x Aᵀ) Bᵀ, added to the outputs begin .. begin + rows of B, before the activation (LoRA, Hu et al.
// 2021, arXiv:2106.09685). Several may overlap.
struct LowRank {
  at::Tensor a;  // [rank, in]
  at::Tensor b;  // [rows, rank]
  double scale = 1;
  int64_t begin = 0;
};

class FrozenLinear {
 public:
  // weight [out, in], perhaps at rest, bias [out] or nothing. The weight is copied, unless it stays quantised (below);
  // the bias is held as it is, and gets a gradient if it asks for one. A LayerScale behind the map is for the caller to
  // fold into both.
  FrozenLinear(const at::Tensor& weight, const std::optional<at::Tensor>& bias, Precision);

  // The weight stays as it is, in the memory that it lies in; numbers are made of it a stripe at a time, forward and
  // backward, and multiplied in float32 for fp32, else in bf16 where the processor multiplies that. For int8 the
  // input is rounded to whole numbers of sixteen bits, thirty-two at a time with a scale, and multiplied with the
  // blocks as they lie (llama.cpp does so with bytes; the backward is in bf16): the fastest way for a few rows, which
  // bf16 and nf4 take too where few_rows.h asks for it. A format whose numbers are no bytes becomes rows of int8.
  FrozenLinear(const QuantisedWeight& weight, const std::optional<at::Tensor>& bias, Precision);

  // x [..., in] float32 or bfloat16 (float64 takes the plain path) -> [..., out] in the type of x.
  // A row of the result depends on that row of x alone, not on the batch, and not on the number of threads.
  at::Tensor forward(const at::Tensor& x, Activation = Activation::none) const;

  // act(x Wᵀ + bias + the branches), one product [x | x Aᵀ] [W | scale B]ᵀ.
  at::Tensor forward_low_rank(const at::Tensor& x, const std::vector<LowRank>& branches,
                              Activation = Activation::none) const;

  int64_t in() const;
  int64_t out() const;
  Precision precision() const;
  const std::optional<at::Tensor>& bias() const;
  at::Tensor weight() const;  // [out, in] float32, as it is multiplied: rounded to what multiplies it
  int64_t bytes() const;      // held now: packed weight, and its transpose once a backward has run

  struct Packed;

 private:
  std::shared_ptr<Packed> packed_;  // copies share it
};

}  // namespace graft::tensor
