// A linear head on what a frozen ViT knows of a patch, which says whether the patch is of an object: the whole network
// that ways of saliency train on photos without labels, and how one is trained.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "graft/core/random.h"
#include "graft/nn/parameters.h"

namespace graft::discovery {

struct PatchHead {
  at::Tensor weight;  // [D] float32
  at::Tensor bias;    // [1]

  at::Tensor logits(const at::Tensor& rows) const;  // [N, D] -> [N]; ModelError where D is another
  nn::NamedTensors named() const;  // decoder.weight [1, D, 1, 1] and decoder.bias [1]: a 1x1 convolution
};

// The same back. ModelError at `where` for names or shapes that are others, all of them named.
PatchHead head_of(std::string_view where, std::string_view source, const nn::NamedTensors& tensors);

// With which training begins, asking for gradients: drawn as PyTorch draws a convolution's.
PatchHead first_head(int64_t width, Random random);

// What makes the rows of all photos have mean 0 and variance 1 in each of their numbers. What all rows share would else
// make the first steps move every patch alike.
struct Standard {
  explicit Standard(const std::vector<at::Tensor>& rows);  // [N, D] each
  at::Tensor of(const at::Tensor& rows) const;
  // A trained head for such rows as one for rows as they are, without gradients.
  PatchHead folded(const PatchHead& head) const;

  at::Tensor mean, spread;  // [D]
};

// AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) with PyTorch's defaults, for the few numbers of a head.
class HeadOptimizer {
 public:
  explicit HeadOptimizer(std::vector<at::Tensor> parameters);
  void step(double rate);  // by the parameters' gradients, which it takes away

 private:
  std::vector<at::Tensor> parameters_, first_, second_;
  double steps_ = 0;
};

std::vector<size_t> shuffled(size_t count, Random random);  // 0 to count - 1

// At most `most` of 0 to count - 1, drawn at random, ascending.
std::vector<size_t> some_of(size_t count, int64_t most, const Random& random);

}  // namespace graft::discovery
