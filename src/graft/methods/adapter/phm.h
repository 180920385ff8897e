// A linear map as a sum of Kronecker products: x W with W = sum over i of A_i (x) (s_i t_i), after Zhang et al. 2021
// (arXiv:2102.08597), with factors of rank 1 and one rule A for all maps as in Compacter (Karimi Mahabadi et al. 2021,
// arXiv:2106.04647, eq. 5 to 7). Starts as in the authors' code: A from N(0, 0.01^2), s and t from Glorot's uniform
// distribution with gain sqrt(2).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "graft/core/random.h"

namespace graft::methods::adapter {

// The rule, [n, n, n]: one tensor, registered with the insert that was made first, which trains and saves it for all.
class SharedRule {
 public:
  SharedRule() = default;  // none
  SharedRule(int64_t n, Random& random);

  bool is_there() const { return rule_.defined(); }
  const at::Tensor& rule() const { return rule_; }
  void belong_to(torch::nn::Module& first) const;  // later calls do nothing

 private:
  at::Tensor rule_;
  std::shared_ptr<bool> owned_;
};

class Phm final : public torch::nn::Module {
 public:
  // ConfigError where n does not divide both widths.
  Phm(int64_t in, int64_t out, const SharedRule& rule, Random& random);
  at::Tensor weight() const;  // [out, in]

 private:
  at::Tensor rule_;   // [n, n, n], another module's
  at::Tensor left_;   // [n, in / n, 1]
  at::Tensor right_;  // [n, 1, out / n]
};

}  // namespace graft::methods::adapter
