// Number by number, and reductions.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "graft/models/onnx/graph_writer.h"

namespace graft::models::onnx::aten {
namespace {

void unary(const Step& step, const char* type) {
  step.give(step.emit(type, {step.tensor(0, step.result().type)}));
}

void binary(const Step& step, const char* type) {
  const auto as = step.result().type;
  step.give(step.emit(type, {step.tensor(0, as), step.tensor(1, as)}));
}

// add, sub, rsub: the second times a factor.
std::string scaled_second(const Step& step, size_t i) {
  const auto as = step.result().type;
  const auto second = step.tensor(i, as);
  const double factor = step.is_none(2) ? 1 : step.real(2);
  return factor == 1 ? second : step.emit("Mul", {second, step.number(factor, as)});
}

// What two values are compared as: numbers beside a tensor have its type.
std::string compared(const Step& step, const char* type) {
  const auto is_tensor = [&](size_t i) { return step.argument(i).value || step.argument(i).known.isTensor(); };
  auto as = step.described(0).type;
  if (is_tensor(1)) as = c10::promoteTypes(as, step.described(1).type);
  if (!is_tensor(1) && !c10::isFloatingType(as) && step.argument(1).known.isDouble()) as = at::kFloat;
  return step.emit(type, {step.tensor(0, as), step.tensor(1, as)});
}

// The axes that argument i names; none: all.
std::vector<int64_t> axes_of(const Step& step, size_t i) {
  const auto rank = static_cast<int64_t>(step.described(0).shape.size());
  std::vector<int64_t> axes;
  if (!step.is_none(i)) {
    for (const auto each : step.integers(i))
      axes.push_back(step.axis(each, rank));
  }
  if (axes.empty()) {
    for (int64_t axis = 0; axis < rank; ++axis)
      axes.push_back(axis);
  }
  return axes;
}

int64_t keeps(const Step& step, size_t i) {
  return step.is_none(i) || !step.flag(i) ? 0 : 1;
}

}  // namespace

void abs(const Step& step) {
  unary(step, "Abs");
}
void erf(const Step& step) {
  unary(step, "Erf");
}
void exp(const Step& step) {
  unary(step, "Exp");
}
void log(const Step& step) {
  unary(step, "Log");
}
void neg(const Step& step) {
  unary(step, "Neg");
}
void relu(const Step& step) {
  unary(step, "Relu");
}
void sigmoid(const Step& step) {
  unary(step, "Sigmoid");
}
void sqrt(const Step& step) {
  unary(step, "Sqrt");
}
void tanh(const Step& step) {
  unary(step, "Tanh");
}
void mul(const Step& step) {
  binary(step, "Mul");
}

void pow(const Step& step) {
  binary(step, "Pow");
}

void square(const Step& step) {
  const auto x = step.tensor(0);
  step.give(step.emit("Mul", {x, x}));
}

void div(const Step& step) {
  if (!step.is_none(2)) step.refuse("it rounds.");
  binary(step, "Div");
}

void rsqrt(const Step& step) {
  const auto root = step.emit("Sqrt", {step.tensor(0)});
  step.give(step.emit("Reciprocal", {root}));
}

void silu(const Step& step) {
  const auto x = step.tensor(0);
  step.give(step.emit("Mul", {x, step.emit("Sigmoid", {x})}));
}

// x Phi(x), or with the tanh that stands for it (Hendrycks and Gimpel 2016, arXiv:1606.08415).
void gelu(const Step& step) {
  const auto type = step.result().type;
  const auto x = step.tensor(0), half = step.emit("Mul", {x, step.number(0.5, type)});
  std::string inner;
  if (!step.is_none(1) && step.argument(1).known.toStringRef() == "tanh") {
    const auto cube = step.emit("Mul", {step.emit("Mul", {x, x}), x});
    const auto sum = step.emit("Add", {x, step.emit("Mul", {cube, step.number(0.044715, type)})});
    inner = step.emit("Tanh", {step.emit("Mul", {sum, step.number(std::sqrt(2 / std::numbers::pi), type)})});
  } else {
    inner = step.emit("Erf", {step.emit("Mul", {x, step.number(1 / std::numbers::sqrt2, type)})});
  }
  step.give(step.emit("Mul", {half, step.emit("Add", {inner, step.number(1, type)})}));
}

void add(const Step& step) {
  step.give(step.emit("Add", {step.tensor(0, step.result().type), scaled_second(step, 1)}));
}

void sub(const Step& step) {
  step.give(step.emit("Sub", {step.tensor(0, step.result().type), scaled_second(step, 1)}));
}

void rsub(const Step& step) {
  const auto as = step.result().type;
  const double factor = step.is_none(2) ? 1 : step.real(2);
  auto first = step.tensor(0, as);
  if (factor != 1) first = step.emit("Mul", {first, step.number(factor, as)});
  step.give(step.emit("Sub", {step.tensor(1, as), first}));
}

void clamp(const Step& step) {
  const auto as = step.result().type;
  auto x = step.tensor(0, as);
  if (!step.is_none(1)) x = step.emit("Max", {x, step.tensor(1, as)});
  if (!step.is_none(2)) x = step.emit("Min", {x, step.tensor(2, as)});
  step.give(x);
}

void clamp_min(const Step& step) {
  const auto as = step.result().type;
  step.give(step.emit("Max", {step.tensor(0, as), step.tensor(1, as)}));
}

void equal(const Step& step) {
  step.give(compared(step, "Equal"));
}
void not_equal(const Step& step) {
  step.give(step.emit("Not", {compared(step, "Equal")}));
}
void greater(const Step& step) {
  step.give(compared(step, "Greater"));
}
void greater_or_equal(const Step& step) {
  step.give(compared(step, "GreaterOrEqual"));
}
void less(const Step& step) {
  step.give(compared(step, "Less"));
}
void less_or_equal(const Step& step) {
  step.give(compared(step, "LessOrEqual"));
}

void logical_not(const Step& step) {
  step.give(step.emit("Not", {step.tensor(0, at::kBool)}));
}

void logical_and(const Step& step) {
  step.give(step.emit("And", {step.tensor(0, at::kBool), step.tensor(1, at::kBool)}));
}

void masked_fill(const Step& step) {
  const auto as = step.result().type;
  step.give(step.emit("Where", {step.tensor(1, at::kBool), step.tensor(2, as), step.tensor(0, as)}));
}

void where(const Step& step) {
  const auto as = step.result().type;
  step.give(step.emit("Where", {step.tensor(0, at::kBool), step.tensor(1, as), step.tensor(2, as)}));
}

void softmax(const Step& step) {
  step.give(step.emit("Softmax", {step.tensor(0, step.result().type)}, {{"axis", step.integer(1)}}));
}

void log_softmax(const Step& step) {
  step.give(step.emit("LogSoftmax", {step.tensor(0, step.result().type)}, {{"axis", step.integer(1)}}));
}

void sum(const Step& step) {
  const auto axes = axes_of(step, 1);
  step.give(step.emit("ReduceSum", {step.tensor(0, step.result().type), step.writer().constant(axes)},
                      {{"keepdims", keeps(step, 2)}}));
}

void mean(const Step& step) {
  step.give(step.emit("ReduceMean", {step.tensor(0, step.result().type)},
                      {{"axes", axes_of(step, 1)}, {"keepdims", keeps(step, 2)}}));
}

void amax(const Step& step) {
  step.give(step.emit("ReduceMax", {step.tensor(0, step.result().type)},
                      {{"axes", axes_of(step, 1)}, {"keepdims", keeps(step, 2)}}));
}

void cumulative_sum(const Step& step) {
  const auto axis = step.writer().constant(std::vector<int64_t>{step.integer(1)});
  step.give(step.emit("CumSum", {step.tensor(0, step.result().type), axis}));
}

// Of truths along one axis, or all of them.
void all(const Step& step) {
  const auto rank = static_cast<int64_t>(step.described(0).shape.size());
  std::vector<int64_t> axes;
  if (step.count() > 1 && !step.is_none(1)) {
    axes = {step.axis(step.integer(1), rank)};
  } else {
    axes = axes_of(step, 1);
  }
  const auto least = step.emit("ReduceMin", {step.cast(step.tensor(0, at::kBool), at::kFloat)},
                               {{"axes", axes}, {"keepdims", keeps(step, 2)}});
  step.give(step.cast(least, at::kBool));
}

void vector_norm(const Step& step) {
  if (step.real(1) != 2) step.refuse("the order {} is not 2.", step.real(1));
  step.give(step.emit("ReduceL2", {step.tensor(0, step.result().type)},
                      {{"axes", axes_of(step, 2)}, {"keepdims", keeps(step, 3)}}));
}

void argmax(const Step& step) {
  if (step.is_none(1)) step.refuse("it names no axis.");
  step.give(step.emit("ArgMax", {step.tensor(0)}, {{"axis", step.integer(1)}, {"keepdims", keeps(step, 2)}}));
}

}  // namespace graft::models::onnx::aten
