// Inserts that are easy to work out by hand.
#pragma once

#include <torch/types.h>

#include "graft/nn/insert.h"
#include "tests/support/gradient_check.h"

namespace graft::nn {

using graft::testing::relative_error;

struct Times : Insert {
  explicit Times(double by) : by(by) {}
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) const override {
    return frozen(x) * by;
  }
  double by;
};

struct Plus : Insert {
  explicit Plus(double by) : by(by) {}
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) const override {
    return frozen(x) + by;
  }
  double by;
};

struct LowRankInsert : Insert {
  LowRankInsert(int64_t in, int64_t out, int64_t rank, double scale) : scale(scale) {
    a = register_parameter("a", torch::randn({rank, in}) * 0.3);
    b = register_parameter("b", torch::randn({out, rank}) * 0.3);
  }
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) const override {
    return frozen(x) + scale * at::linear(at::linear(x, a), b);
  }
  Form form() const override { return says_so ? Form(LowRank{a, b, scale, 0}) : Form(Opaque{}); }
  at::Tensor a, b;
  double scale;
  bool says_so = true;
};

struct AffineInsert : Insert {
  explicit AffineInsert(int64_t out) {
    scale = register_parameter("scale", torch::rand({out}) + 0.5);
    shift = register_parameter("shift", torch::randn({out}));
  }
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) const override {
    return frozen(x) * scale + shift;
  }
  Form form() const override { return says_so ? Form(Affine{scale, shift}) : Form(Opaque{}); }
  at::Tensor scale, shift;
  bool says_so = true;
};

// A bottleneck behind the sub-layer, beside it on the stream, or beside it on what its norm gives.
struct BottleneckInsert : Insert {
  BottleneckInsert(int64_t width, int64_t rank, bool parallel, bool reads_norm, bool reads_sum = false)
      : parallel(parallel), reads_norm(reads_norm), reads_sum(reads_sum) {
    parts = {.down_weight = register_parameter("down_weight", torch::randn({rank, width}) * 0.3),
             .down_bias = register_parameter("down_bias", torch::randn({rank})),
             .up_weight = register_parameter("up_weight", torch::randn({width, rank}) * 0.3),
             .up_bias = register_parameter("up_bias", torch::randn({width})),
             .activation = tensor::Activation::relu,
             .gain = 2};
  }
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) const override {
    const auto normed = frozen.norm(x);
    const auto h = parallel && reads_norm ? frozen.body(normed) : frozen(x);
    const bool sum = reads_sum && frozen.has_norm_behind();
    const auto read = sum ? frozen.norm_behind(x + h) : !parallel ? h : reads_norm ? normed : x;
    const auto inner = at::relu(at::linear(read, parts.down_weight, parts.down_bias));
    return h + parts.gain * at::linear(inner, parts.up_weight, parts.up_bias);
  }
  Form form() const override {
    if (!says_so) return Opaque{};
    return Bottleneck{.parts = parts, .parallel = parallel, .reads_norm = reads_norm, .reads_sum = reads_sum};
  }
  tensor::Bottleneck parts;
  bool parallel, reads_norm, reads_sum;
  bool says_so = true;
};

}  // namespace graft::nn
