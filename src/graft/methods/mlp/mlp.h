// A network of fully connected layers as the head: on a frozen model's features, or on features that were given (the
// pixels of small images will do). Rectifiers trained by backpropagation (He et al. 2015, arXiv:1502.01852), started as
// PyTorch starts them; what forward-forward is compared with at the same widths.
// h_0 = x of root mean square 1; h_l = relu(W_l h_{l-1} + b_l); logits = W h_L + b.
#pragma once

#include <cstdint>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"

namespace graft::methods::mlp {

struct Options {
  int64_t width = 512;
  int64_t layers = 2;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("width", o.width, "of a hidden layer");
  visit("layers", o.layers, "hidden layers");
}

class Network final : public models::Head {
 public:
  Network(int64_t features, int64_t outputs, const Options& options, Random& random);

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  std::vector<at::Tensor> weights_, biases_;  // [H, E or H], the last [C, H]
};

extern const Entry entry;

}  // namespace graft::methods::mlp
