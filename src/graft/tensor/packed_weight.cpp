#include "graft/tensor/packed_weight.h"

#include <torch/types.h>

namespace graft::tensor {
namespace {

// [n, k] -> [panels, k / group, width, group], padded with zeros to whole panels and groups.
at::Tensor panels_of(const at::Tensor& matrix, int64_t width, int64_t group) {
  const auto n = matrix.size(0), k = matrix.size(1);
  const auto rows = (n + width - 1) / width * width, columns = (k + group - 1) / group * group;
  const auto padded = at::constant_pad_nd(matrix, {0, columns - k, 0, rows - n});
  return padded.view({rows / width, width, columns / group, group}).permute({0, 2, 1, 3}).contiguous();
}

int64_t group_of(Precision precision, const KernelTable& kernels) {
  if (precision == Precision::bf16) return kernels.product_of_bf16 ? 2 : 1;
  if (precision == Precision::int8) return kernels.product_of_bytes ? 4 : 2;
  return 1;
}

// Of panels [panels, k / group, width, group] of int8 in fours, over k.
at::Tensor column_sums_of(const PackedWeight& packed) {
  if (packed.precision != Precision::int8 || packed.group != 4) return {};
  return packed.numbers.sum({1, 3}, /*keepdim=*/false, at::kInt).view({-1});
}

std::vector<at::Tensor> high_and_low(const at::Tensor& matrix) {
  const auto floats = matrix.detach().to(at::kFloat), high = floats.to(at::kBFloat16);
  return {high, (floats - high.to(at::kFloat)).to(at::kBFloat16)};
}

// [n, k] in the type of the packed numbers.
at::Tensor matrix_of(const PackedWeight& packed) {
  const auto& numbers = packed.numbers;  // [panels, k / group, width, group]
  const auto rows = numbers.size(0) * numbers.size(2), columns = numbers.size(1) * numbers.size(3);
  return numbers.permute({0, 2, 1, 3}).reshape({rows, columns}).slice(0, 0, packed.n).slice(1, 0, packed.k);
}

}  // namespace

int64_t PackedWeight::bytes() const {
  int64_t total = static_cast<int64_t>(numbers.nbytes());
  if (row_scale.defined()) total += static_cast<int64_t>(row_scale.nbytes());
  if (column_scale.defined()) total += static_cast<int64_t>(column_scale.nbytes());
  if (column_sums.defined()) total += static_cast<int64_t>(column_sums.nbytes());
  return total;
}

PackedWeight pack(const at::Tensor& weight, Precision precision, const KernelTable& kernels) {
  at::NoGradGuard no_grad;
  PackedWeight packed{.precision = precision,
                      .k = weight.size(1),
                      .n = weight.size(0),
                      .width = kernels.panel,
                      .group = group_of(precision, kernels)};
  auto numbers = weight.detach().to(at::kFloat);
  if (precision == Precision::bf16) numbers = numbers.to(at::kBFloat16);
  if (precision == Precision::int8) {
    const auto scale = numbers.abs().amax(1).clamp_min(1e-30) / 127;  // [out]
    numbers = at::round(numbers / scale.unsqueeze(1)).to(at::kChar);
    packed.column_scale = at::constant_pad_nd(scale, {0, packed.panels() * packed.width - packed.n});
  }
  packed.numbers = panels_of(numbers, packed.width, packed.group);
  packed.column_sums = column_sums_of(packed);
  return packed;
}

PackedWeight transposed(const PackedWeight& forward) {
  at::NoGradGuard no_grad;
  PackedWeight packed{
      .precision = forward.precision, .k = forward.n, .n = forward.k, .width = forward.width, .group = forward.group};
  packed.numbers = panels_of(matrix_of(forward).t(), forward.width, forward.group);
  packed.column_sums = column_sums_of(packed);
  if (forward.column_scale.defined()) packed.row_scale = forward.column_scale.slice(0, 0, forward.n).clone();
  return packed;
}

at::Tensor unpack(const PackedWeight& forward) {
  at::NoGradGuard no_grad;
  const auto weight = matrix_of(forward).to(at::kFloat);
  if (!forward.column_scale.defined()) return weight;
  return weight * forward.column_scale.slice(0, 0, forward.n).unsqueeze(1);
}

at::Tensor float_panels(const at::Tensor& matrix, int64_t width) {
  at::NoGradGuard no_grad;
  return panels_of(matrix.detach().to(at::kFloat), width, 1);
}

PackedWeight pack_trained(const at::Tensor& weight, bool left_is_bf16, const KernelTable& kernels) {
  at::NoGradGuard no_grad;
  const bool pairs = left_is_bf16 && kernels.product_of_bf16;
  PackedWeight packed{.precision = pairs ? Precision::bf16 : Precision::fp32,
                      .k = weight.size(1),
                      .n = weight.size(0),
                      .width = kernels.panel,
                      .group = pairs ? 2 : 1,
                      .parts = pairs ? 2 : 1};
  if (!pairs) {
    packed.numbers = float_panels(weight, packed.width);
    return packed;
  }
  const auto two = high_and_low(weight);
  packed.numbers = at::cat({panels_of(two[0], packed.width, 2), panels_of(two[1], packed.width, 2)});
  return packed;
}

at::Tensor split_panels(const at::Tensor& matrix, int64_t width) {
  at::NoGradGuard no_grad;
  return panels_of(at::cat(high_and_low(matrix)), width, 2);
}

}  // namespace graft::tensor
