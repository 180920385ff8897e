#include "graft/methods/adapter/phm.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/methods/initial.h"

namespace graft::methods::adapter {
namespace {

constexpr double kRuleStd = 0.01;

// Of n matrices [n, rows, columns].
at::Tensor glorot(int64_t n, int64_t rows, int64_t columns, Random& random) {
  return uniform({n, rows, columns}, std::sqrt(2.0 * 6 / static_cast<double>(rows + columns)), random);
}

}  // namespace

SharedRule::SharedRule(int64_t n, Random& random)
    : rule_(normal({n, n, n}, kRuleStd, random)), owned_(std::make_shared<bool>(false)) {}

void SharedRule::belong_to(torch::nn::Module& first) const {
  if (*owned_) return;
  first.register_parameter("phm_rule", rule_);
  *owned_ = true;
}

Phm::Phm(int64_t in, int64_t out, const SharedRule& rule, Random& random) : rule_(rule.rule()) {
  const int64_t n = rule_.size(0);
  if (in % n != 0 || out % n != 0)
    throw ConfigError("adapter",
                      "--phm {}: does not divide both widths, {} and {}. Take another --bottleneck or --phm.", n,
                      std::max(in, out), std::min(in, out));
  left_ = register_parameter("left", glorot(n, in / n, 1, random));
  right_ = register_parameter("right", glorot(n, 1, out / n, random));
}

at::Tensor Phm::weight() const {
  const int64_t n = rule_.size(0), in = n * left_.size(1), out = n * right_.size(2);
  // W[a in/n + b, c out/n + d] = sum over i of A[i, a, c] s[i, b] t[i, d], transposed
  return at::einsum("iac,ib,id->cdab", {rule_, left_.squeeze(2), right_.squeeze(1)}).reshape({out, in});
}

}  // namespace graft::methods::adapter
