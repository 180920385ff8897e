// Products, norms, convolutions and pooling.
#include <torch/types.h>

#include <algorithm>

#include "graft/models/onnx/graph_writer.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx::aten {
namespace {

// ONNX's pads: all beginnings, then all ends.
std::vector<int64_t> both_ends(std::vector<int64_t> pads, size_t axes) {
  pads.resize(axes, pads.empty() ? 0 : pads.front());
  auto ends = pads;
  pads.insert(pads.end(), ends.begin(), ends.end());
  return pads;
}

std::vector<int64_t> for_axes(std::vector<int64_t> values, size_t axes, int64_t otherwise) {
  values.resize(axes, values.empty() ? otherwise : values.front());
  return values;
}

std::string ones_of(const Step& step, int64_t count) {
  return step.writer().constant(at::ones({count}, tensor::on_cpu(step.result().type)));
}

std::string zeros_of(const Step& step, int64_t count) {
  return step.writer().constant(at::zeros({count}, tensor::on_cpu(step.result().type)));
}

}  // namespace

void matmul(const Step& step) {
  const auto as = step.result().type;
  step.give(step.emit("MatMul", {step.tensor(0, as), step.tensor(1, as)}));
}

// y = x Wᵀ + b, the weight as it is multiplied.
void linear(const Step& step) {
  const auto as = step.result().type;
  std::string weight;
  if (step.is_known(1)) {
    weight = step.writer().constant(step.known(1).to(as).t().contiguous());
  } else {
    weight = step.emit("Transpose", {step.tensor(1, as)}, {{"perm", std::vector<int64_t>{1, 0}}});
  }
  auto y = step.emit("MatMul", {step.tensor(0, as), weight});
  if (!step.is_none(2)) y = step.emit("Add", {y, step.tensor(2, as)});
  step.give(y);
}

void layer_norm(const Step& step) {
  const auto as = step.result().type;
  const auto shape = step.integers(1);
  if (shape.size() != 1) step.refuse("it is over {} axes.", shape.size());
  std::vector<std::string> inputs = {step.tensor(0, as),
                                     step.is_none(2) ? ones_of(step, shape[0]) : step.tensor(2, as)};
  if (!step.is_none(3)) inputs.push_back(step.tensor(3, as));
  step.give(
      step.emit("LayerNormalization", inputs, {{"axis", int64_t{-1}}, {"epsilon", static_cast<float>(step.real(4))}}));
}

void batch_norm(const Step& step) {
  if (step.flag(5)) step.refuse("it goes by the batch, as in training.");
  const auto as = step.result().type;
  const auto channels = step.result().shape.at(1).fixed;
  step.give(step.emit(
      "BatchNormalization",
      {step.tensor(0, as), step.is_none(1) ? ones_of(step, channels) : step.tensor(1, as),
       step.is_none(2) ? zeros_of(step, channels) : step.tensor(2, as), step.tensor(3, as), step.tensor(4, as)},
      {{"epsilon", static_cast<float>(step.real(7))}}));
}

void convolution(const Step& step) {
  if (step.flag(6)) step.refuse("it is transposed.");
  const auto as = step.result().type;
  const auto axes = step.result().shape.size() - 2;
  std::vector<int64_t> kernel;
  for (const auto& length : step.described(1).shape)
    kernel.push_back(length.fixed);
  std::vector<std::string> inputs = {step.tensor(0, as), step.tensor(1, as)};
  if (!step.is_none(2)) inputs.push_back(step.tensor(2, as));
  step.give(step.emit("Conv", inputs,
                      {{"dilations", for_axes(step.integers(5), axes, 1)},
                       {"group", step.integer(8)},
                       {"kernel_shape", std::vector<int64_t>(kernel.begin() + 2, kernel.end())},
                       {"pads", both_ends(step.integers(4), axes)},
                       {"strides", for_axes(step.integers(3), axes, 1)}}));
}

void max_pool(const Step& step) {
  const auto axes = step.result().shape.size() - 2;
  const auto kernel = for_axes(step.integers(1), axes, 1);
  auto strides = step.integers(2);
  if (strides.empty()) strides = kernel;
  step.give(step.emit("MaxPool", {step.tensor(0)},
                      {{"ceil_mode", int64_t{step.flag(5)}},
                       {"dilations", for_axes(step.integers(4), axes, 1)},
                       {"kernel_shape", kernel},
                       {"pads", both_ends(step.integers(3), axes)},
                       {"strides", for_axes(strides, axes, 1)}}));
}

void adaptive_average_pool(const Step& step) {
  if (std::ranges::any_of(step.integers(1), [](int64_t side) { return side != 1; }))
    step.refuse("to more than one place.");
  step.give(step.emit("GlobalAveragePool", {step.tensor(0)}));
}

void upsample_bilinear(const Step& step) {
  const auto sizes = step.writer().shape(step.result().shape);
  const std::string how = step.flag(2) ? "align_corners" : "pytorch_half_pixel";
  step.give(step.emit("Resize", {step.tensor(0), "", "", sizes},
                      {{"coordinate_transformation_mode", how}, {"mode", std::string("linear")}}));
}

}  // namespace graft::models::onnx::aten
