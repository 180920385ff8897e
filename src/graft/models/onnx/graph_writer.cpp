#include "graft/models/onnx/graph_writer.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/nn/tensor_file.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx {
namespace {

[[noreturn]] void refuse_type(at::ScalarType type) {
  throw ModelError("onnx", "numbers of type {} are not written.", at::toString(type));
}

io::Dtype dtype_of(at::ScalarType type) {
  if (const auto dtype = nn::dtype_of(type)) return *dtype;
  refuse_type(type);
}

int64_t number_of(at::ScalarType type) {
  if (const auto number = io::onnx_number(dtype_of(type))) return *number;
  refuse_type(type);
}

io::TensorView view_of(const at::Tensor& numbers) {
  if (auto view = nn::to_view(numbers)) return *view;
  refuse_type(numbers.scalar_type());
}

io::OnnxValue described_as(const std::string& name, const TracedValue& value) {
  std::vector<std::optional<int64_t>> shape;
  for (const auto& length : value.shape)
    shape.push_back(length.is_open() ? std::nullopt : std::optional(length.fixed));
  return {.name = name, .dtype = dtype_of(value.type), .shape = std::move(shape)};
}

// The name of what has these numbers, by sizes.
template <class Named>
const std::string* find_equal(const Named& all, const at::Tensor& numbers) {
  const auto [first, last] = all.equal_range(numbers.sizes().vec());
  const auto found = std::find_if(first, last, [&](const auto& entry) {
    const auto& own = entry.second.second;
    return own.scalar_type() == numbers.scalar_type() && own.equal(numbers);
  });
  return found == last ? nullptr : &found->second.first;
}

}  // namespace

GraphWriter::GraphWriter(const Traced& traced, const std::vector<std::string>& inputs, const nn::NamedTensors& weights)
    : traced_(traced), names_(traced.values.size()) {
  file_.producer = "graft";
  file_.ir_version = kWrittenIr;
  file_.opset = kWrittenOpset;
  for (const auto& [name, tensor] : weights)
    weights_.emplace(tensor.sizes().vec(), std::pair(name, tensor));
  for (size_t i = 0; i < inputs.size(); ++i) {
    names_[i] = inputs[i];
    file_.inputs.push_back(described_as(inputs[i], traced.values[i]));
  }
}

std::string GraphWriter::emit(std::string type, std::vector<std::string> inputs,
                              std::vector<io::OnnxAttribute> attributes) {
  auto output = fmt::format("{}_{}", type, next_++);
  file_.nodes.push_back({.name = output,
                         .type = std::move(type),
                         .domain = {},
                         .inputs = std::move(inputs),
                         .outputs = {output},
                         .attributes = std::move(attributes)});
  return output;
}

// A weight's own name, or of its transpose that with ".T".
std::string GraphWriter::name_for(const at::Tensor& numbers) {
  std::string name;
  if (numbers.numel() > 1) {
    if (const auto* own = find_equal(weights_, numbers)) {
      name = *own;
    } else if (numbers.dim() == 2) {
      if (const auto* turned = find_equal(weights_, numbers.t())) name = *turned + ".T";
    }
  }
  if (name.empty() || file_.initializers.contains(name)) name = fmt::format("constant_{}", next_++);
  return name;
}

std::string GraphWriter::constant(const at::Tensor& numbers) {
  if (const auto* known = find_equal(constants_, numbers)) return *known;
  const auto name = name_for(numbers);
  file_.initializers.emplace(name, view_of(numbers));
  constants_.emplace(numbers.sizes().vec(), std::pair(name, numbers));
  return name;
}

std::string GraphWriter::constant(const std::vector<int64_t>& numbers) {
  return constant(torch::tensor(numbers, tensor::on_cpu(at::kLong)));
}

std::string GraphWriter::examples() {
  if (examples_.empty()) {
    const auto all = emit("Shape", {names_.front()});
    examples_ = emit("Slice", {all, constant(std::vector<int64_t>{0}), constant(std::vector<int64_t>{1})});
  }
  return examples_;
}

std::string GraphWriter::shape(const std::vector<Length>& lengths) {
  const bool any_open = std::ranges::any_of(lengths, &Length::is_open);
  if (!any_open) {
    std::vector<int64_t> fixed;
    for (const auto& length : lengths)
      fixed.push_back(length.fixed);
    return constant(fixed);
  }
  std::vector<std::string> parts;
  for (const auto& length : lengths) {
    if (!length.is_open()) {
      parts.push_back(constant(std::vector<int64_t>{length.fixed}));
    } else if (length.each == 1) {
      parts.push_back(examples());
    } else {
      parts.push_back(emit("Mul", {examples(), constant(std::vector<int64_t>{length.each})}));
    }
  }
  return parts.size() == 1 ? parts.front() : emit("Concat", parts, {{"axis", int64_t{0}}});
}

void GraphWriter::give(const Argument& output, const std::string& name) {
  if (!output.value) throw ModelError("onnx", "the output {} does not depend on what is read.", name);
  const auto& described = value(*output.value);
  file_.nodes.push_back({.name = name,
                         .type = "Identity",
                         .domain = {},
                         .inputs = {name_of(*output.value)},
                         .outputs = {name},
                         .attributes = {}});
  file_.outputs.push_back(described_as(name, described));
}

bool Step::is_none(size_t i) const {
  if (i >= count()) return true;
  const auto& given = argument(i);
  return !given.value && given.lengths.empty() && given.list.empty() &&
         (given.known.isNone() || (given.known.isTensor() && !given.known.toTensor().defined()));
}

int64_t Step::integer(size_t i) const {
  const auto& given = argument(i);
  if (given.value || !given.lengths.empty() || !given.known.isInt()) refuse("argument {} is no whole number.", i);
  return given.known.toInt();
}

double Step::real(size_t i) const {
  const auto& given = argument(i);
  if (given.value || !given.lengths.empty() || !given.known.isScalar()) refuse("argument {} is no number.", i);
  return given.known.toScalar().toDouble();
}

bool Step::flag(size_t i) const {
  const auto& given = argument(i);
  if (!given.known.isBool()) refuse("argument {} is neither true nor false.", i);
  return given.known.toBool();
}

std::vector<int64_t> Step::integers(size_t i) const {
  std::vector<int64_t> result;
  for (const auto& length : lengths(i)) {
    if (length.is_open()) refuse("argument {} depends on the number of examples.", i);
    result.push_back(length.fixed);
  }
  return result;
}

std::vector<Length> Step::lengths(size_t i) const {
  const auto& given = argument(i);
  if (!given.lengths.empty()) return given.lengths;
  std::vector<Length> result;
  if (given.known.isInt()) {
    result.push_back({.fixed = given.known.toInt()});
  } else if (given.known.isIntList()) {
    for (const auto each : given.known.toIntVector())
      result.push_back({.fixed = each});
  } else {
    refuse("argument {} is no list of whole numbers.", i);
  }
  return result;
}

bool Step::is_known(size_t i) const {
  return !argument(i).value && argument(i).known.isTensor();
}

const at::Tensor& Step::known(size_t i) const {
  if (!is_known(i)) refuse("argument {} depends on what is read.", i);
  return argument(i).known.toTensor();
}

TracedValue Step::described(const Argument& given) const {
  if (given.value) return writer_.value(*given.value);
  if (!given.known.isTensor()) refuse("an argument is no tensor.");
  TracedValue value{.type = given.known.toTensor().scalar_type(), .shape = {}};
  for (const auto size : given.known.toTensor().sizes())
    value.shape.push_back({.fixed = size});
  return value;
}

TracedValue Step::described(size_t i) const {
  return described(argument(i));
}

std::string Step::tensor(const Argument& given, at::ScalarType type) const {
  if (given.value) {
    const auto& name = writer_.name_of(*given.value);
    return writer_.value(*given.value).type == type ? name : cast(name, type);
  }
  if (given.known.isTensor()) return writer_.constant(given.known.toTensor().to(type));
  if (given.known.isScalar()) return number(given.known.toScalar().toDouble(), type);
  refuse("an argument is neither a tensor nor a number.");
}

std::string Step::tensor(size_t i) const {
  return tensor(i, described(i).type);
}

std::string Step::cast(const std::string& name, at::ScalarType type) const {
  return emit("Cast", {name}, {{"to", number_of(type)}});
}

std::string Step::number(double value, at::ScalarType type) const {
  return writer_.constant(at::scalar_tensor(value, tensor::on_cpu(type)));
}

void Step::refuse_as(const std::string& what) const {
  throw ModelError("onnx", "{} cannot be written: {}", operation_.name, what);
}

}  // namespace graft::models::onnx
