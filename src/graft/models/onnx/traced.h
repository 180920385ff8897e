// A computation of ATen's operations, recorded: what it does step by step, whatever number of examples it is given.
// It is traced twice (libtorch's tracer), with two and with three examples, so that a length that depends on that
// number is known from one that does not.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace graft::models::onnx {

// A whole number: `fixed`, or so many times the number of examples.
struct Length {
  int64_t fixed = 0;
  int64_t each = 0;  // 0: it is fixed

  bool is_open() const { return each != 0; }
  bool operator==(const Length&) const = default;
};

// What an operation is given: a value that depends on the inputs, by its number; or what is known beforehand; or whole
// numbers, some of them open; or a list of such.
struct Argument {
  std::optional<size_t> value = {};
  c10::IValue known = {};
  std::vector<Length> lengths = {};  // not empty: one of them is open
  std::vector<Argument> list = {};   // not empty: one of them is a value
};

struct TracedValue {
  at::ScalarType type = at::kFloat;
  std::vector<Length> shape;
};

struct Operation {
  std::string name;  // "aten::add"
  std::vector<Argument> arguments;
  std::vector<size_t> results;
};

struct Traced {
  std::vector<TracedValue> values;  // the inputs first
  std::vector<Operation> operations;
  std::vector<Argument> outputs;
};

using Computation = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

// `inputs` are of three examples, their first dimension. What depends on none of them is computed once and known.
// ModelError where the two traces are not of one form. The computation has to run on plain operations
// (tensor::UseKernels), and is run once before, so that what it keeps is not part of the trace.
Traced traced(const Computation& computation, const std::vector<at::Tensor>& inputs);

}  // namespace graft::models::onnx
