// (IA)3: learned factors, one at the start, on the keys, the values and the inner numbers of the MLP, after Liu et al.
// 2022 (arXiv:2205.05638), sec. 3.3. Factors on inner numbers multiply what the MLP's second map reads; folded, they
// are gone. Of a network of convolutions, which the paper does not have, the outputs of those on residual paths.
#pragma once

#include <string>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::ia3 {

struct Options {
  std::string target = "k,v,conv*";
  std::string inputs = "mlp.fc2,mlp.down";
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("target", o.target, "maps whose outputs are multiplied, * for any letters: k,v or attn.qkv or conv*");
  visit("inputs", o.inputs, "maps whose inputs are multiplied; empty: none");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
}

enum class Side { outputs, inputs };

class Factors final : public nn::Insert {
 public:
  // factors [n], of so many outputs or inputs; `dimensions` of a convolution's window, 0: of a linear map
  Factors(at::Tensor factors, Side side, int64_t dimensions);

  // x [..., in] -> [..., out], or maps as of the convolution
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

  const at::Tensor& factors() const { return factors_; }
  Side side() const { return side_; }

 private:
  at::Tensor times(const at::Tensor& x) const;

  at::Tensor factors_;
  Side side_;
  int64_t dimensions_;
};

extern const Entry entry;

}  // namespace graft::methods::ia3
