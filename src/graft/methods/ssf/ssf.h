// Scale and shift of features: y * scale + shift behind every linear map and convolution of the blocks, after Lian et
// al. 2022 (arXiv:2210.08823, eq. 4), before what follows the map (an activation, a batch norm, the residual add).
// Scales start from N(1, 0.02^2) and shifts from N(0, 0.02^2), as in the authors' code. Folded into the map nothing of
// it remains (their eq. 6). A norm has a scale and a shift of its own: behind it these would be two of each in a row,
// so that the norm's own train instead. Behind the embedding of patches, and where the frozen map has no bias to fold
// it into, there is no shift; of the embedding nothing is scaled either.
#pragma once

#include <optional>
#include <string>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::ssf {

struct Options {
  std::string target = "*";
  bool norms = true;
  double init_std = 0.02;
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("target", o.target,
        "linear maps and convolutions of blocks by name, * for any letters: mlp.* or attn.proj or conv2");
  visit("norms", o.norms, "train scale and shift of the norms too");
  visit("init-std", o.init_std, "deviation of scales from 1 and of shifts from 0 at the start");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
}

// y of a linear map [..., out], or of a convolution [B, out, ...]
class ScaleShift final : public nn::Insert {
 public:
  ScaleShift(const nn::Site& site, bool shifts, double std, Random& random);

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

 private:
  bool of_maps_;
  at::Tensor scale_, shift_;  // [out]; the shift may be undefined
};

extern const Entry entry;

}  // namespace graft::methods::ssf
