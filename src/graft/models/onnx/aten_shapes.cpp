// Numbers that are only laid out anew, chosen, or made of a shape. What is recorded says the shapes that come out.
#include <algorithm>
#include <limits>
#include <numeric>

#include "graft/models/onnx/graph_writer.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx::aten {
namespace {

int64_t rank_of(const Step& step) {
  return static_cast<int64_t>(step.described(0).shape.size());
}

std::string one(const Step& step, int64_t value) {
  return step.writer().constant(std::vector<int64_t>{value});
}

std::string sliced(const Step& step, const std::string& x, int64_t axis, int64_t begin, int64_t end, int64_t by = 1) {
  return step.emit("Slice", {x, one(step, begin), one(step, end), one(step, axis), one(step, by)});
}

void turned(const Step& step, std::vector<int64_t> order) {
  step.give(step.emit("Transpose", {step.tensor(0)}, {{"perm", std::move(order)}}));
}

std::vector<int64_t> in_order(int64_t rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// Every number the same, in the shape that comes out.
void filled(const Step& step, const std::string& value) {
  step.give(step.emit("Expand", {value, step.writer().shape(step.result().shape)}));
}

}  // namespace

void same(const Step& step) {
  step.give(step.tensor(0, step.result().type));
}

// One open length is what is left (-1).
void reshape(const Step& step) {
  auto shape = step.result().shape;
  const auto open = std::ranges::count_if(shape, &Length::is_open);
  if (open == 1) *std::ranges::find_if(shape, &Length::is_open) = {.fixed = -1};
  step.give(step.emit("Reshape", {step.tensor(0), step.writer().shape(shape)}));
}

void expand(const Step& step) {
  if (step.described(0).shape == step.result().shape) {
    same(step);
    return;
  }
  step.give(step.emit("Expand", {step.tensor(0), step.writer().shape(step.result().shape)}));
}

void permute(const Step& step) {
  auto order = step.integers(1);
  for (auto& axis : order)
    axis = step.axis(axis, rank_of(step));
  turned(step, std::move(order));
}

void transpose(const Step& step) {
  auto order = in_order(rank_of(step));
  std::swap(order.at(static_cast<size_t>(step.axis(step.integer(1), rank_of(step)))),
            order.at(static_cast<size_t>(step.axis(step.integer(2), rank_of(step)))));
  turned(step, std::move(order));
}

void transpose_matrix(const Step& step) {
  auto order = in_order(rank_of(step));
  std::ranges::reverse(order);
  turned(step, std::move(order));
}

void movedim(const Step& step) {
  const auto rank = rank_of(step);
  const auto from = step.integers(1), to = step.integers(2);
  std::vector<int64_t> order(static_cast<size_t>(rank), -1);
  auto rest = in_order(rank);
  for (size_t i = 0; i < from.size(); ++i) {
    const auto axis = step.axis(from[i], rank);
    order.at(static_cast<size_t>(step.axis(to.at(i), rank))) = axis;
    std::erase(rest, axis);
  }
  auto next = rest.begin();
  for (auto& axis : order) {
    if (axis < 0) axis = *next++;
  }
  turned(step, std::move(order));
}

void narrow(const Step& step) {
  const auto axis = step.axis(step.integer(1), rank_of(step));
  if (step.described(0).shape == step.result().shape) {
    same(step);
    return;
  }
  const auto begin = step.integer(2), length = step.integers(3).front();
  step.give(sliced(step, step.tensor(0), axis, begin, begin + length));
}

void slice(const Step& step) {
  const auto axis = step.axis(step.integer(1), rank_of(step));
  if (step.described(0).shape == step.result().shape) {
    same(step);
    return;
  }
  const int64_t begin = step.is_none(2) ? 0 : step.integers(2).front();
  const int64_t end = step.is_none(3) ? std::numeric_limits<int64_t>::max() : step.integers(3).front();
  step.give(sliced(step, step.tensor(0), axis, begin, end, step.integer(4)));
}

void select(const Step& step) {
  const auto axis = step.axis(step.integer(1), rank_of(step));
  const auto index = step.writer().constant(at::scalar_tensor(step.integer(2), tensor::on_cpu(at::kLong)));
  step.give(step.emit("Gather", {step.tensor(0), index}, {{"axis", axis}}));
}

// chunk and split: the results say how long each piece is.
void pieces(const Step& step) {
  const auto axis = step.axis(step.integer(2), rank_of(step));
  const auto x = step.tensor(0);
  int64_t begin = 0;
  for (size_t k = 0; k < step.results(); ++k) {
    const auto& length = step.result(k).shape.at(static_cast<size_t>(axis));
    if (length.is_open()) step.refuse("it takes the examples apart.");
    step.give(sliced(step, x, axis, begin, begin + length.fixed), k);
    begin += length.fixed;
  }
}

void cat(const Step& step) {
  const auto as = step.result().type;
  std::vector<std::string> parts;
  for (const auto& each : step.argument(0).list)
    parts.push_back(step.tensor(each, as));
  const auto rank = static_cast<int64_t>(step.result().shape.size());
  step.give(step.emit("Concat", parts, {{"axis", step.axis(step.integer(1), rank)}}));
}

void stack(const Step& step) {
  const auto as = step.result().type;
  const auto axis = step.axis(step.integer(1), static_cast<int64_t>(step.result().shape.size()));
  std::vector<std::string> parts;
  for (const auto& each : step.argument(0).list)
    parts.push_back(step.emit("Unsqueeze", {step.tensor(each, as), one(step, axis)}));
  step.give(step.emit("Concat", parts, {{"axis", axis}}));
}

void pad(const Step& step) {
  const auto last_first = step.integers(1);  // begin and end of the last axis, then of the one before it
  const auto rank = static_cast<size_t>(rank_of(step));
  std::vector<int64_t> pads(2 * rank, 0);
  for (size_t i = 0; 2 * i + 1 < last_first.size(); ++i) {
    pads.at(rank - 1 - i) = last_first[2 * i];
    pads.at(2 * rank - 1 - i) = last_first[2 * i + 1];
  }
  const auto as = step.result().type;
  const auto number = step.argument(2).known.isBool() ? (step.flag(2) ? 1.0 : 0.0) : step.real(2);
  if (as != at::kBool) {
    step.give(step.emit("Pad", {step.tensor(0), step.writer().constant(pads), step.number(number, as)}));
    return;
  }
  const auto whole =
      step.emit("Pad", {step.tensor(0, at::kFloat), step.writer().constant(pads), step.number(number, at::kFloat)});
  step.give(step.cast(whole, at::kBool));
}

void embedding(const Step& step) {
  step.give(step.emit("Gather", {step.tensor(0), step.tensor(1)}, {{"axis", int64_t{0}}}));
}

void index_select(const Step& step) {
  step.give(
      step.emit("Gather", {step.tensor(0), step.tensor(2)}, {{"axis", step.axis(step.integer(1), rank_of(step))}}));
}

void gather(const Step& step) {
  step.give(step.emit("GatherElements", {step.tensor(0), step.tensor(2)},
                      {{"axis", step.axis(step.integer(1), rank_of(step))}}));
}

// What was there before is gone.
void filled_with_argument(const Step& step) {
  filled(step, step.tensor(1, step.result().type));
}
void ones(const Step& step) {
  filled(step, step.number(1, step.result().type));
}
void zeros(const Step& step) {
  filled(step, step.number(0, step.result().type));
}

// Of the number of examples, from 0.
void arange(const Step& step) {
  const auto as = step.result().type;
  const auto end = step.writer().shape(step.lengths(0));
  if (step.result().shape.size() != 1 || step.result().shape[0] != step.lengths(0).front())
    step.refuse("it does not count from 0 by 1.");
  const auto scalar = step.emit("Reshape", {end, step.writer().constant(std::vector<int64_t>{})});
  const auto counted = step.emit("Range", {step.number(0, at::kLong), scalar, step.number(1, at::kLong)});
  step.give(as == at::kLong ? counted : step.cast(counted, as));
}

}  // namespace graft::models::onnx::aten
