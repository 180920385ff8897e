// Inserts that are easy to work out by hand.
#pragma once

#include <torch/types.h>

#include "graft/nn/insert.h"

namespace graft::nn {

struct Times : Insert {
  explicit Times(double by) : by(by) {}
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) override { return frozen(x) * by; }
  double by;
};

struct Plus : Insert {
  explicit Plus(double by) : by(by) {}
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) override { return frozen(x) + by; }
  double by;
};

struct LowRankInsert : Insert {
  LowRankInsert(int64_t in, int64_t out, int64_t rank, double scale) : scale(scale) {
    a = register_parameter("a", torch::randn({rank, in}) * 0.3);
    b = register_parameter("b", torch::randn({out, rank}) * 0.3);
  }
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) override {
    return frozen(x) + scale * at::linear(at::linear(x, a), b);
  }
  Form form() const override { return says_so ? Form(LowRank{a, b, scale, 0}) : Form(Opaque{}); }
  at::Tensor a, b;
  double scale;
  bool says_so = true;
};

inline double relative_error(const at::Tensor& got, const at::Tensor& want) {
  return ((got - want).abs().max() / want.abs().max()).item<double>();
}

}  // namespace graft::nn
