// Forward-Forward: layers that learn by themselves, after Hinton 2022 (arXiv:2212.13345), sec. 2 and 3. No gradient
// goes from one layer to another: each has a goodness and a loss of its own (methods/goodness.h has the formulas). The
// label is part of the input, and an example's class is that whose label gives the most goodness, summed over all
// layers but the first where there are more. The mean of the squares is another loss than their sum: its log-odds are a
// width's part of theirs, and it learns more slowly. A departure: the label stands beside the features, not in place of
// their first ones, which in MNIST are a black margin and elsewhere are not.
#pragma once

#include <cstdint>

#include "graft/methods/entry.h"
#include "graft/methods/goodness.h"
#include "graft/methods/method.h"

namespace graft::methods::forward_forward {

struct Options : GoodnessOptions {
  Options() { layers = 2; }
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("width", o.width, "of a layer");
  visit("layers", o.layers, "layers, each of which learns by itself");
  visit("goodness", o.goodness, kGoodnessHelp);
  visit("threshold", o.threshold, kThresholdHelp);
  visit("negatives", o.negatives, kNegativesHelp);
  visit("label-scale", o.label_scale, kLabelScaleHelp);
}

class Network final : public models::Head {
 public:
  Network(int64_t features, int64_t outputs, const Options& options, Random& random);

  using Head::own_loss;
  // The sum of all layers' losses, each of which reaches its own layer alone. `labels` [B].
  at::Tensor own_loss(const at::Tensor& features, const at::Tensor& labels, nn::Context& context) const override;
  bool has_own_loss() const override { return true; }

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  GoodnessLayers layers_;
};

extern const Entry entry;

}  // namespace graft::methods::forward_forward
