#include "graft/models/onnx/call.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/models/checkpoint.h"

namespace graft::models::onnx {

void Call::refuse_as(const std::string& what) const {
  throw ModelError("onnx", "{}: {}: {}", file_, node_.describe(), what);
}

const at::Tensor& Call::input(size_t i) const {
  if (!has(i)) refuse("input {} is left out.", i);
  return inputs_[i];
}

std::vector<int64_t> Call::integers_of(size_t i) const {
  const auto& x = input(i);
  if (x.dim() > 1 || !at::isIntegralType(x.scalar_type(), /*includeBool=*/false))
    refuse("input {}: expected a list of whole numbers, got {} of {} axes.", i, x.dtype().name(), x.dim());
  const auto numbers = x.to(at::kLong).contiguous();
  const auto* first = numbers.const_data_ptr<int64_t>();
  return {first, first + numbers.numel()};
}

double Call::number_of(size_t i) const {
  if (input(i).numel() != 1) refuse("input {}: expected one number, got {}.", i, input(i).numel());
  return input(i).to(at::kDouble).item<double>();
}

template <class Value>
const Value* Call::find(std::string_view name) const {
  for (const auto& attribute : node_.attributes) {
    if (attribute.name == name) return &std::get<Value>(attribute.value);
  }
  return nullptr;
}

float Call::real(std::string_view name, float otherwise) const {
  const auto* found = find<float>(name);
  return found ? *found : otherwise;
}

int64_t Call::integer(std::string_view name, int64_t otherwise) const {
  const auto* found = find<int64_t>(name);
  return found ? *found : otherwise;
}

bool Call::flag(std::string_view name, bool otherwise) const {
  const auto value = integer(name, otherwise);
  if (value != 0 && value != 1) refuse("{} {}: expected 0 or 1.", name, value);
  return value == 1;
}

std::string Call::text(std::string_view name, std::string_view otherwise) const {
  const auto* found = find<std::string>(name);
  return found ? *found : std::string(otherwise);
}

std::optional<std::vector<int64_t>> Call::integers(std::string_view name) const {
  const auto* found = find<std::vector<int64_t>>(name);
  return found ? std::optional(*found) : std::nullopt;
}

std::optional<std::vector<float>> Call::reals(std::string_view name) const {
  const auto* found = find<std::vector<float>>(name);
  return found ? std::optional(*found) : std::nullopt;
}

std::optional<at::Tensor> Call::tensor(std::string_view name) const {
  const auto* found = find<io::TensorView>(name);
  return found ? std::optional(to_value(*found)) : std::nullopt;
}

std::optional<std::vector<int64_t>> Call::list(std::string_view attribute, size_t i) const {
  if (auto said = integers(attribute)) return said;
  return has(i) ? std::optional(integers_of(i)) : std::nullopt;
}

int64_t Call::axis(int64_t given, int64_t rank) const {
  if (given < -rank || given >= rank) refuse("axis {} of a tensor of {} axes.", given, rank);
  return given < 0 ? given + rank : given;
}

std::vector<int64_t> Call::axes(std::vector<int64_t> given, int64_t rank) const {
  for (auto& one : given)
    one = axis(one, rank);
  auto sorted = given;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) refuse("an axis is named twice.");
  return given;
}

const std::vector<int64_t>& Call::allow(const std::vector<int64_t>& shape) const {
  int64_t count = 1;
  bool fits = true;
  for (const auto length : shape) {
    if (length < 0) refuse("it would give a tensor with a length of {}.", length);
    fits = fits && !__builtin_mul_overflow(count, length, &count);
  }
  if (std::ranges::find(shape, 0) != shape.end()) return shape;
  if (!fits || count > kMostNumbers)
    refuse("it would give a tensor of {} numbers: expected at most {}.",
           fits ? fmt::format("{}", count) : "2^63 or more", kMostNumbers);
  return shape;
}

at::ScalarType value_type(io::Dtype dtype) {
  const bool is_half = dtype == io::Dtype::f16 || dtype == io::Dtype::bf16;
  return is_half ? at::kFloat : scalar_type(dtype);
}

at::Tensor to_value(const io::TensorView& view) {
  if (view.dtype == io::Dtype::boolean) {  // a byte of another's file may be neither 0 nor 1
    auto bytes = view;
    bytes.dtype = io::Dtype::u8;
    return view_of(bytes).ne(0);
  }
  return view_of(view).to(value_type(view.dtype));
}

}  // namespace graft::models::onnx
