// Norms, and what makes numbers shares of one.
#include <torch/types.h>

#include "graft/models/onnx/operators.h"

namespace graft::models::onnx {
namespace {

// Before opset 13 all axes from this one on were one.
template <class Norm>
Outputs of_the_rest(const Call& call, Norm norm) {
  const auto& x = call.input(0);
  const auto given = call.integer("axis", 1);
  const auto axis = given == x.dim() ? given : call.axis(given, x.dim());
  int64_t rows = 1;
  for (int64_t i = 0; i < axis; ++i)
    rows *= x.size(i);
  const auto flat = x.numel() == 0 ? x.reshape({rows, 0}) : x.reshape({rows, -1});
  return {norm(flat, 1).reshape(x.sizes())};
}

}  // namespace

Outputs softmax(const Call& call) {
  return {at::softmax(call.input(0), call.axis(call.integer("axis", -1), call.input(0).dim()))};
}
Outputs log_softmax(const Call& call) {
  return {at::log_softmax(call.input(0), call.axis(call.integer("axis", -1), call.input(0).dim()))};
}
Outputs softmax_of_the_rest(const Call& call) {
  return of_the_rest(call, [](const at::Tensor& x, int64_t axis) { return at::softmax(x, axis); });
}
Outputs log_softmax_of_the_rest(const Call& call) {
  return of_the_rest(call, [](const at::Tensor& x, int64_t axis) { return at::log_softmax(x, axis); });
}

Outputs batch_normalization(const Call& call) {
  if (call.flag("training_mode", false)) call.refuse("it learns its statistics (training_mode): export for inference.");
  if (!call.flag("spatial", true)) call.refuse("spatial 0, a norm a place, is not understood.");
  return {at::batch_norm(call.input(0), call.input(1), call.input(2), call.input(3), call.input(4), /*training=*/false,
                         /*momentum=*/0, call.real("epsilon", 1e-5f), /*cudnn_enabled=*/false)};
}

Outputs instance_normalization(const Call& call) {
  return {at::instance_norm(call.input(0), call.input(1), call.input(2), {}, {}, /*use_input_stats=*/true,
                            /*momentum=*/0, call.real("epsilon", 1e-5f), /*cudnn_enabled=*/false)};
}

Outputs group_normalization(const Call& call) {
  if (call.integer("stash_type", 1) != 1) call.refuse("stash_type: expected 1, float32.");
  const auto groups = call.integer("num_groups", 0);
  if (groups < 1) call.refuse("num_groups {}: expected 1 or more.", groups);
  return {at::group_norm(call.input(0), groups, call.input(1), call.input(2), call.real("epsilon", 1e-5f))};
}

Outputs layer_normalization(const Call& call) {
  if (call.integer("stash_type", 1) != 1) call.refuse("stash_type: expected 1, float32.");
  const auto& x = call.input(0);
  const auto axis = call.axis(call.integer("axis", -1), x.dim());
  auto y = at::layer_norm(x, x.sizes().slice(static_cast<size_t>(axis)), {}, {}, call.real("epsilon", 1e-5f));
  y = y * call.input(1);
  if (call.has(2)) y = y + call.input(2);
  if (y.sizes() != x.sizes()) call.refuse("its scale or shift is larger than what it norms.");
  return {y};
}

}  // namespace graft::models::onnx
