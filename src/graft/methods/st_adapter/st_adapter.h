// ST-Adapter (Pan et al. 2022, arXiv:2206.13559): a bottleneck with a depth-wise convolution over time and space,
//   A(x) = up(conv3d(down(x))),
// added to a frozen image model's stream before a block's attention, before its MLP, or both. It reads and changes the
// patches alone; no activation stands in it. The convolution starts as zero, and with it the whole.
// Where a model is read at its class token nothing reads what the last block's adapter before the MLP changes: it is
// left out, where the authors' code has it and never trains it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::st_adapter {

enum class Where { attention, mlp, both };
std::vector<std::pair<Where, std::string>> choices(Where);

struct Options {
  std::optional<int64_t> bottleneck;
  Where where = Where::attention;
  int64_t kernel_time = 3, kernel_space = 1;
  double head_dropout = 0.5;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("bottleneck", o.bottleneck, "inner width (not set: half the model's, 384 of a ViT-B)");
  visit("where", o.where, "before attention (the paper's for Kinetics), before the MLP, or both (Something-Something)");
  visit("kernel-time", o.kernel_time, "frames that the convolution reaches over, an odd number");
  visit("kernel-space", o.kernel_space, "patches that it reaches over in height and width, an odd number");
  visit("head-dropout", o.head_dropout, "share of the features dropped before the head in training");
}

class Adapter final : public nn::Insert {
 public:
  struct Shape {
    int64_t width = 0, inner = 0, kernel_time = 3, kernel_space = 1;
  };
  Adapter(const Shape& shape, Random& random);

  // x [B * frames, T, D] with N patches, of a square grid where the kernel has a width in space -> the change
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;

 private:
  at::Tensor branch(const at::Tensor& patches, int64_t frames) const;  // [B * frames, N, D] -> the same

  Shape shape_;
  at::Tensor down_weight_, down_bias_;  // [r, D], [r]
  at::Tensor conv_weight_, conv_bias_;  // [r, 1, kt, ks, ks], [r]
  at::Tensor up_weight_, up_bias_;      // [D, r], [D]
};

extern const Entry entry;

}  // namespace graft::methods::st_adapter
