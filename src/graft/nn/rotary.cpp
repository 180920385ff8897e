#include "graft/nn/rotary.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "graft/tensor/on_cpu.h"

namespace graft::nn {
namespace {

using Kind = RotaryScaling::Kind;
constexpr double kTurn = 2 * std::numbers::pi;

// Llama 3.1: by the length of a turn, in positions.
double llama3_angle(double angle, const RotaryScaling& s) {
  const auto turn = kTurn / angle;
  if (turn < s.original / s.high_frequency) return angle;
  if (turn > s.original / s.low_frequency) return angle / s.factor;
  const auto kept = (s.original / turn - s.low_frequency) / (s.high_frequency - s.low_frequency);
  return (1 - kept) * angle / s.factor + kept * angle;
}

// yarn, eq. 23 to 25 of its paper: how much of an entry's angle is stretched.
class YarnRamp {
 public:
  YarnRamp(const RotaryScaling& s, int64_t width, double base) {
    const auto entry = [&](double turns) {
      return static_cast<double>(width) * std::log(s.original / (turns * kTurn)) / (2 * std::log(base));
    };
    low_ = entry(s.beta_fast);
    high_ = entry(s.beta_slow);
    if (s.truncate) {
      low_ = std::floor(low_);
      high_ = std::ceil(high_);
    }
    low_ = std::max(low_, 0.0);
    high_ = std::min(high_, static_cast<double>(width - 1));
    if (low_ == high_) high_ += 0.001;  // as transformers does, against a division by 0
  }
  double at(int64_t i) const { return std::clamp((static_cast<double>(i) - low_) / (high_ - low_), 0.0, 1.0); }

 private:
  double low_, high_;
};

}  // namespace

std::vector<std::pair<Kind, std::string>> choices(Kind) {
  return {{Kind::none, "default"},
          {Kind::linear, "linear"},
          {Kind::llama3, "llama3"},
          {Kind::yarn, "yarn"},
          {Kind::dynamic, "dynamic"}};
}

double yarn_attention(double factor, double m) {
  return factor <= 1 ? 1 : 0.1 * m * std::log(factor) + 1;
}

Rotary::Rotary(int64_t width, double base, RotaryScaling scaling, at::Tensor divisors)
    : width_(width), base_(base), scaling_(scaling), divisors_(std::move(divisors)) {}

at::Tensor Rotary::angles(int64_t length) const {
  const auto& s = scaling_;
  const auto width = static_cast<double>(width_);
  auto base = base_;
  if (s.kind == Kind::dynamic) {
    const auto reached = std::max(static_cast<double>(length), s.original);
    base *= std::pow(s.factor * reached / s.original - (s.factor - 1), width / (width - 2));
  }
  const YarnRamp ramp(s, width_, base);
  auto angles = at::empty({width_ / 2}, tensor::on_cpu());
  auto* const out = angles.mutable_data_ptr<float>();
  for (int64_t i = 0; i < width_ / 2; ++i) {
    auto angle = std::pow(base, -2 * static_cast<double>(i) / width);
    if (s.kind == Kind::linear) angle /= s.factor;
    if (s.kind == Kind::llama3) angle = llama3_angle(angle, s);
    if (s.kind == Kind::yarn) angle = angle / s.factor * ramp.at(i) + angle * (1 - ramp.at(i));
    out[i] = static_cast<float>(angle);
  }
  return divisors_.defined() ? angles / divisors_ : angles;
}

Turns Rotary::at(const at::Tensor& positions, int64_t length) const {
  const auto turn = positions.unsqueeze(-1).to(at::kFloat) * angles(length);
  const auto scale = scaling_.kind == Kind::yarn ? scaling_.attention : 1;
  return {turn.cos() * scale, turn.sin() * scale};
}

at::Tensor turned(const at::Tensor& x, const Turns& turns) {
  const auto half = turns.cos.size(-1), rest = x.size(-1) - 2 * half;
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto cos = turns.cos.to(type).unsqueeze(-2), sin = turns.sin.to(type).unsqueeze(-2);  // [.., T, 1, r/2]
  const auto first = x.narrow(-1, 0, half).to(type), second = x.narrow(-1, half, half).to(type);
  std::vector<at::Tensor> parts{(first * cos - second * sin).to(x.scalar_type()),
                                (second * cos + first * sin).to(x.scalar_type())};
  if (rest > 0) parts.push_back(x.narrow(-1, 2 * half, rest));
  return at::cat(parts, -1);
}

}  // namespace graft::nn
