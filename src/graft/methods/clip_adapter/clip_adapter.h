// CLIP-Adapter: a bottleneck on the image feature, mixed with the feature itself before it meets the classifier, after
// Gao et al. 2021 (arXiv:2110.04544), sec. 3.2. Of the paper's two adapters the one on the text side is left out, as in
// the authors' released code. f' = ratio * relu(W2 relu(W1 f)) + (1 - ratio) * f, f not normalised.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::clip_adapter {

struct Options {
  double ratio = 0.2;
  int64_t reduction = 4;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("ratio", o.ratio, "share of the adapted feature, 0 to 1");
  visit("reduction", o.reduction, "inner width is the feature's divided by this");
}

class Mix final : public nn::Insert {
 public:
  Mix(int64_t features, const Options& options, Random& random);

  // features [B, E] -> logits [B, C]
  at::Tensor forward(const at::Tensor& features, const nn::Frozen& frozen, const nn::Context& context) const override;

 private:
  at::Tensor down_, up_;  // [E / reduction, E], [E, E / reduction]
  double ratio_;
};

extern const Entry entry;

}  // namespace graft::methods::clip_adapter
