// Rotary positions (Su et al. 2021, arXiv:2104.09864): entries i and i + r/2 of a head are a point that is turned by
// position * theta_i, theta_i = base^(-2i/r). The published ways to stretch them to longer texts change theta.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace graft::nn {

struct RotaryScaling {
  enum class Kind {
    none,
    linear,   // theta / factor (Chen et al. 2023, arXiv:2306.15595)
    llama3,   // theta / factor where a turn is longer than the text trained on, between where it nearly is (Llama 3.1)
    yarn,     // the same with a ramp over the entries, and scores made larger (Peng et al. 2023, arXiv:2309.00071)
    dynamic,  // the base grows with the text once that is longer than what was trained on
  };
  Kind kind = Kind::none;
  double factor = 1;
  double original = 0;                           // positions that were trained on (llama3, yarn, dynamic)
  double low_frequency = 1, high_frequency = 4;  // llama3: turns in them
  double beta_fast = 32, beta_slow = 1;          // yarn: turns in them
  bool truncate = true;                          // yarn: the ramp's ends are whole entries
  double attention = 1;                          // yarn: cosines and sines are multiplied by it
};
std::vector<std::pair<RotaryScaling::Kind, std::string>> choices(RotaryScaling::Kind);  // "linear", as configs say it

// yarn's factor where a file gives none: 0.1 m ln(factor) + 1, at most 1 where it does not stretch.
double yarn_attention(double factor, double m = 1);

// Of rows at some positions, [T, r/2] or [B, T, r/2] float32.
struct Turns {
  at::Tensor cos, sin;
};

class Rotary {
 public:
  // `width` r is even, of a head or of its first entries. `divisors` [r/2] or undefined: theta is divided by them (a
  // GGUF tells llama3's scaling so).
  Rotary() = default;
  Rotary(int64_t width, double base, RotaryScaling scaling = {}, at::Tensor divisors = {});

  int64_t width() const { return width_; }
  double base() const { return base_; }
  const RotaryScaling& scaling() const { return scaling_; }
  const at::Tensor& divisors() const { return divisors_; }

  // theta [r/2] float32, for a text of `length` tokens (dynamic alone looks at it)
  at::Tensor angles(int64_t length) const;
  // positions [T] or [B, T] int64
  Turns at(const at::Tensor& positions, int64_t length) const;

 private:
  int64_t width_ = 0;
  double base_ = 1e4;
  RotaryScaling scaling_;
  at::Tensor divisors_;
};

// x [B, T, heads, d], its first r entries of each head turned -> the same shape and type, whole rows
at::Tensor turned(const at::Tensor& x, const Turns& turns);

}  // namespace graft::nn
