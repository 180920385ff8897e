#include "graft/plugins/blocks/gates.h"

#include <torch/types.h>

#include "graft/methods/initial.h"
#include "graft/plugins/blocks/positions.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins {

std::vector<std::pair<Start, std::string>> choices(Start) {
  return {{Start::identity, "identity"}, {Start::paper, "paper"}};
}

at::Tensor gate(const at::Tensor& x, Start start) {
  const auto sigmoid = at::sigmoid(x);
  return start == Start::identity ? 2 * sigmoid : sigmoid;
}

at::Tensor before_gate(int64_t out, int64_t in, Start start, Random& random) {
  return start == Start::identity ? torch::zeros({out, in}, tensor::on_cpu())
                                  : methods::kaiming_uniform(out, in, random);
}

GateBottleneck::GateBottleneck(const char* block, const GateOptions& options, int64_t width, Random& random)
    : start_(options.start) {
  const auto inner = reduced_width(block, width, options.ratio);
  down_ = register_parameter("down_weight", rows_in_pairs(inner, width, random));
  down_bias_ = register_parameter("down_bias", torch::zeros({inner}, tensor::on_cpu()));
  up_ = register_parameter("up_weight", before_gate(width, inner, start_, random));
  up_bias_ = register_parameter("up_bias", torch::zeros({width}, tensor::on_cpu()));
}

at::Tensor GateBottleneck::bottleneck(const at::Tensor& x) const {
  return at::linear(at::relu(at::linear(x, down_, down_bias_)), up_, up_bias_);
}

at::Tensor GateBottleneck::scaled(const at::Tensor& x, const at::Tensor& before_gate) const {
  return x * at_each_position(gate(before_gate, start_), x);
}

}  // namespace graft::plugins
