#include "graft/models/onnx/traced.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/types.h>

#include <array>
#include <memory>
#include <unordered_map>
#include <utility>

#include "graft/core/error.h"

namespace graft::models::onnx {
namespace {

namespace jit = torch::jit;

constexpr std::array<int64_t, 2> kExamples = {2, 3};
constexpr const char* kWhere = "onnx";

std::shared_ptr<jit::Graph> graph_of(const Computation& computation, const std::vector<at::Tensor>& inputs,
                                     int64_t examples) {
  jit::Stack stack;
  for (const auto& input : inputs)
    stack.emplace_back(input.narrow(0, 0, examples).clone());
  const auto run = [&](const jit::Stack& given) {
    std::vector<at::Tensor> tensors;
    for (const auto& each : given)
      tensors.push_back(each.toTensor());
    jit::Stack results;
    for (auto& each : computation(tensors))
      results.emplace_back(std::move(each));
    return results;
  };
  return jit::tracer::trace(
             std::move(stack), run, [](const at::Tensor&) { return std::string(); },
             /*strict=*/true, /*force_outplace=*/false)
      .first->graph;
}

bool is_same(const c10::IValue& a, const c10::IValue& b) {
  if (a.isTensor() != b.isTensor()) return false;
  if (!a.isTensor()) return a == b;
  const auto &x = a.toTensor(), &y = b.toTensor();
  if (!x.defined() || !y.defined()) return x.defined() == y.defined();
  return x.is_same(y) || (x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() && x.equal(y));
}

Length length_of(int64_t of_two, int64_t of_three) {
  if (of_two == of_three) return {.fixed = of_two};
  const auto each = of_three - of_two;
  if (of_two != each * kExamples[0]) {
    throw ModelError(kWhere, "a length of {} for two examples and {} for three is no multiple of their number.", of_two,
                     of_three);
  }
  return {.each = each};
}

// Both graphs side by side.
class Reader {
 public:
  Reader(const jit::Graph& two, const jit::Graph& three) : graphs_{&two, &three} {}

  Traced read() {
    for (size_t i = 0; i < graphs_[0]->inputs().size(); ++i)
      add_value({graphs_[0]->inputs()[i], graphs_[1]->inputs()[i]});
    auto other = graphs_[1]->nodes().begin();
    for (const auto* node : graphs_[0]->nodes()) {
      if (other == graphs_[1]->nodes().end()) refuse_forms();
      read_node(*node, **other);
      ++other;
    }
    if (other != graphs_[1]->nodes().end()) refuse_forms();
    for (const auto* output : graphs_[0]->outputs())
      traced_.outputs.push_back(known_.at(output));
    return std::move(traced_);
  }

 private:
  using Pair = std::array<const jit::Value*, 2>;

  [[noreturn]] static void refuse_forms() {
    throw ModelError(kWhere, "it computes otherwise for three examples than for two.");
  }

  void add_value(const Pair& pair) {
    const auto type_of = [](const jit::Value& value) { return value.type()->cast<c10::TensorType>(); };
    const auto two = type_of(*pair[0]), three = type_of(*pair[1]);
    if (!two || !three || !two->scalarType()) refuse_forms();
    const auto sizes = two->sizes().concrete_sizes(), others = three->sizes().concrete_sizes();
    if (!sizes || !others || sizes->size() != others->size()) refuse_forms();
    TracedValue value{.type = *two->scalarType(), .shape = {}};
    for (size_t i = 0; i < sizes->size(); ++i)
      value.shape.push_back(length_of((*sizes)[i], (*others)[i]));
    know(pair, {.value = traced_.values.size()});
    traced_.values.push_back(std::move(value));
  }

  void know(const Pair& pair, Argument argument) { known_.insert_or_assign(pair[0], std::move(argument)); }

  void read_constant(const jit::Node& two, const jit::Node& three) {
    const Pair pair = {two.output(), three.output()};
    const auto a = jit::toIValue(pair[0]), b = jit::toIValue(pair[1]);
    if (!a || !b) refuse_forms();
    if (a->isInt() && b->isInt() && *a != *b) {
      know(pair, {.lengths = {length_of(a->toInt(), b->toInt())}});
      return;
    }
    if (!is_same(*a, *b)) throw ModelError(kWhere, "a constant of it depends on the number of examples.");
    know(pair, {.known = *a});
  }

  // Of numbers that are all known a value; of whole numbers of which some are open, those; else as it stands.
  Argument list_of(const jit::Node& node) {
    Argument all;
    std::vector<Length> lengths;
    bool any_value = false, any_open = false;
    for (const auto* input : node.inputs()) {
      const auto& each = known_.at(input);
      any_value = any_value || each.value;
      any_open = any_open || !each.lengths.empty();
      if (each.lengths.size() == 1) {
        lengths.push_back(each.lengths.front());
      } else if (each.known.isInt()) {
        lengths.push_back({.fixed = each.known.toInt()});
      }
      all.list.push_back(each);
    }
    if (any_value) return all;
    if (any_open) return {.lengths = lengths};
    const auto of = node.output()->type()->expectRef<c10::ListType>().getElementType();
    auto known = c10::impl::GenericList(of);
    for (const auto& each : all.list)
      known.push_back(each.known);
    return {.known = std::move(known)};
  }

  void read_node(const jit::Node& two, const jit::Node& three) {
    if (two.kind() != three.kind() || two.inputs().size() != three.inputs().size() ||
        two.outputs().size() != three.outputs().size()) {
      refuse_forms();
    }
    if (two.kind() == c10::prim::Constant) {
      read_constant(two, three);
    } else if (two.kind() == c10::prim::ListConstruct) {
      know({two.output(), three.output()}, list_of(two));
    } else {
      read_operation(two, three);
    }
  }

  void read_operation(const jit::Node& two, const jit::Node& three) {
    Operation operation{.name = two.kind().toQualString(), .arguments = {}, .results = {}};
    bool all_known = true;
    for (const auto* input : two.inputs()) {
      operation.arguments.push_back(known_.at(input));
      const auto& each = operation.arguments.back();
      all_known = all_known && !each.value && each.lengths.empty() && each.list.empty();
    }
    if (all_known) {
      compute(two, operation);
      return;
    }
    if (two.kind() == c10::prim::ListUnpack) {  // of a list that was given element by element
      for (size_t i = 0; i < two.outputs().size(); ++i)
        know({two.outputs()[i], three.outputs()[i]}, operation.arguments.front().list.at(i));
      return;
    }
    if (two.outputs().size() == 1 && two.output()->type()->kind() == c10::TypeKind::ListType) {
      read_pieces(std::move(operation), two, three);
      return;
    }
    for (size_t i = 0; i < two.outputs().size(); ++i) {
      operation.results.push_back(traced_.values.size());
      add_value({two.outputs()[i], three.outputs()[i]});
    }
    traced_.operations.push_back(std::move(operation));
  }

  // What gives a list (chunk) is followed by what takes it apart: its results are the pieces.
  void read_pieces(Operation operation, const jit::Node& two, const jit::Node& three) {
    if (two.output()->uses().size() != 1 || three.output()->uses().size() != 1) refuse_forms();
    const auto *unpack = two.output()->uses().front().user, *other = three.output()->uses().front().user;
    if (unpack->kind() != c10::prim::ListUnpack || unpack->outputs().size() != other->outputs().size()) refuse_forms();
    Argument pieces;
    for (size_t i = 0; i < unpack->outputs().size(); ++i) {
      operation.results.push_back(traced_.values.size());
      pieces.list.push_back({.value = traced_.values.size()});
      add_value({unpack->outputs()[i], other->outputs()[i]});
    }
    know({two.output(), three.output()}, std::move(pieces));
    traced_.operations.push_back(std::move(operation));
  }

  void compute(const jit::Node& node, const Operation& operation) {
    jit::Stack stack;
    for (const auto& each : operation.arguments)
      stack.push_back(each.known);
    node.getOperation()(stack);
    for (size_t i = 0; i < node.outputs().size(); ++i)
      know({node.outputs()[i], nullptr}, {.known = stack.at(i)});
  }

  std::array<const jit::Graph*, 2> graphs_;
  std::unordered_map<const jit::Value*, Argument> known_;  // by the values of the first
  Traced traced_;
};

}  // namespace

Traced traced(const Computation& computation, const std::vector<at::Tensor>& inputs) {
  const torch::NoGradGuard no_grad;
  for (const auto& input : inputs)
    GRAFT_ASSERT(input.size(0) == kExamples[1]);
  computation(inputs);
  const auto two = graph_of(computation, inputs, kExamples[0]), three = graph_of(computation, inputs, kExamples[1]);
  return Reader(*two, *three).read();
}

}  // namespace graft::models::onnx
