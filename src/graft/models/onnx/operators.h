// The operators that a graph may hold (operators.def): which attributes and how many inputs each has, by opset, and the
// function that computes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/models/onnx/call.h"

namespace graft::models::onnx {

inline constexpr int64_t kOldestOpset = 7, kNewestOpset = 25;

// Places in io::OnnxAttribute::value.
enum class Kind : std::uint8_t { real, integer, text, tensor, reals, integers, texts };

struct Attribute {
  const char* name;
  Kind kind;
};

struct Operator {
  const char* type;
  int64_t first, last;  // opsets, both included
  size_t fewest_inputs, most_inputs;
  Outputs (*compute)(const Call&);
  std::vector<Attribute> attributes;
};

const std::vector<Operator>& operators();  // in the order of operators.def

// The operator of a node. A message that names it and what is not understood goes to `wrong`, and none is returned, for
// a type that none has, an opset that it does not reach, too many or too few inputs, and attributes that it lacks.
const Operator* operator_of(const io::OnnxNode& node, int64_t opset, std::vector<std::string>& wrong);

}  // namespace graft::models::onnx
