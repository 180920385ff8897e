// What blocks that scale a path by numbers between 0 and 1 share: gates, and the bottleneck that makes those of
// channels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/nn/insert.h"
#include "graft/plugins/blocks/block.h"

namespace graft::plugins {

// How gates start: at 1 exactly, 2 sigmoid(0), as if they were not there; or as in their papers, sigmoid(x) near a
// half.
enum class Start { identity, paper };
std::vector<std::pair<Start, std::string>> choices(Start);

struct GateOptions {
  std::string at;
  int64_t ratio = 16;
  Start start = Start::identity;
};
template <class Visitor>
void fields(Visitor& visit, GateOptions& o) {
  visit("at", o.at, kAtHelp);
  visit("ratio", o.ratio, kRatioHelp);
  visit("start", o.start, "gates of 1, as if it were not there, or the paper's, near a half");
}

at::Tensor gate(const at::Tensor& x, Start start);
// The last map [out, in] before a gate: zero, or PyTorch's default.
at::Tensor before_gate(int64_t out, int64_t in, Start start, Random& random);

// An insert with W_up relu(W_down x + b_down) + b_up, a ratio-th as wide between, before a gate on channels.
class GateBottleneck : public nn::Insert {
 protected:
  GateBottleneck(const char* block, const GateOptions& options, int64_t width, Random& random);
  at::Tensor bottleneck(const at::Tensor& x) const;                             // [B, C] -> [B, C]
  at::Tensor scaled(const at::Tensor& x, const at::Tensor& before_gate) const;  // maps or tokens, [B, C]
  Start start() const { return start_; }

 private:
  Start start_;
  at::Tensor down_, down_bias_, up_, up_bias_;
};

}  // namespace graft::plugins
