#include "graft/models/onnx/operators.h"

#include <algorithm>

#include "graft/core/names.h"
#include "graft/core/printable.h"

namespace graft::models::onnx {

#define OPERATOR(type, first, last, fewest, most, compute, ...) Outputs compute(const Call& call);
#include "graft/models/onnx/operators.def"
#undef OPERATOR

namespace {

constexpr size_t kMany = 1 << 20;
constexpr const char* kKinds[] = {"a number", "a whole number", "a text", "a tensor",
                                  "numbers",  "whole numbers",  "texts"};

std::vector<std::string> known_types() {
  std::vector<std::string> types;
  for (const auto& one : operators()) {
    if (types.empty() || types.back() != one.type) types.emplace_back(one.type);
  }
  return types;
}

// One line, where there is no such operator in that opset.
std::string why_unknown(const io::OnnxNode& node, int64_t opset) {
  std::string ranges;
  for (const auto& one : operators()) {
    if (one.type == node.type) ranges += fmt::format("{}{} to {}", ranges.empty() ? "" : ", ", one.first, one.last);
  }
  if (!ranges.empty())
    return fmt::format("{} of opset {}: it is understood in opset {}", node.describe(), opset, ranges);
  const auto nearest = nearest_name(node.type, known_types());
  return fmt::format("{}: no such operator is understood{}", node.describe(),
                     nearest ? fmt::format(" (did you mean {}?)", *nearest) : "");
}

}  // namespace

const std::vector<Operator>& operators() {
  constexpr auto Real = Kind::real, Integer = Kind::integer, Text = Kind::text, Tensor = Kind::tensor,
                 Reals = Kind::reals, Integers = Kind::integers;
#define OPERATOR(type, first, last, fewest, most, compute, ...) \
  {#type, first, last, fewest, most, &compute, {__VA_ARGS__}},
  static const std::vector<Operator> all = {
#include "graft/models/onnx/operators.def"
  };
#undef OPERATOR
  return all;
}

const Operator* operator_of(const io::OnnxNode& node, int64_t opset, std::vector<std::string>& wrong) {
  if (!node.domain.empty()) {
    wrong.push_back(
        fmt::format("{}: its operator is of '{}', not ONNX's own", node.describe(), printable(node.domain)));
    return nullptr;
  }
  const auto found = std::ranges::find_if(
      operators(), [&](const auto& one) { return one.type == node.type && one.first <= opset && opset <= one.last; });
  if (found == operators().end()) {
    wrong.push_back(why_unknown(node, opset));
    return nullptr;
  }
  const auto before = wrong.size();
  if (node.inputs.size() < found->fewest_inputs || node.inputs.size() > found->most_inputs)
    wrong.push_back(fmt::format("{}: {} inputs, expected {}", node.describe(), node.inputs.size(),
                                found->fewest_inputs == found->most_inputs
                                    ? fmt::format("{}", found->fewest_inputs)
                                    : fmt::format("{} to {}", found->fewest_inputs, found->most_inputs)));
  for (const auto& attribute : node.attributes) {
    const auto known = std::ranges::find(found->attributes, attribute.name, &Attribute::name);
    if (known == found->attributes.end()) {
      wrong.push_back(fmt::format("{}: attribute '{}' is not understood in opset {}", node.describe(),
                                  printable(attribute.name), opset));
    } else if (attribute.value.index() != static_cast<size_t>(known->kind)) {
      wrong.push_back(fmt::format("{}: attribute '{}' is {}, expected {}", node.describe(), known->name,
                                  kKinds[attribute.value.index()], kKinds[static_cast<size_t>(known->kind)]));
    }
  }
  return wrong.size() == before ? &*found : nullptr;
}

}  // namespace graft::models::onnx
