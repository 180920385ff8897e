// Residual adapters (Rebuffi et al. 2018, arXiv:1803.10082, the parallel ones of section 3; the idea is of Rebuffi et
// al. 2017, arXiv:1705.08045): beside a convolution of a residual path, C, one of 1 x 1, A, so that what the norm
// behind them reads is C x + A x; the norms' scales and shifts train as well. A begins at zero, where the authors draw
// it as they draw any convolution: the network then begins as it was. What is learned folds: A is the middle tap of a
// window. The authors' norms go by the batch and gather a new task's statistics; here they keep what they have.
#pragma once

#include <optional>
#include <string>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::residual_adapter {

struct Options {
  std::string target = "conv*";
  bool norms = true;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("target", o.target,
        "convolutions by name, * for any letters: conv1 or blocks.3.* or *; those of 1 x 1 have nothing beside them");
  visit("norms", o.norms, "train the norms' scales and shifts too");
}

// C x + A x
class Beside final : public nn::Insert {
 public:
  explicit Beside(const nn::Site& site);

  // x: maps, as of the convolution
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

 private:
  at::Tensor weight_;  // [out, in, 1, 1], or [out, in, 1, 1, 1]
  nn::Extent stride_;
};

extern const Entry entry;

}  // namespace graft::methods::residual_adapter
