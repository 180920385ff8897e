// Operators that lay numbers out anew, or make them of a shape.
#include <ATen/ExpandUtils.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/printable.h"
#include "graft/models/onnx/operators.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx {
namespace {

at::Tensor list_of(const std::vector<int64_t>& values) {
  return torch::tensor(values, tensor::on_cpu(at::kLong));
}

}  // namespace

Outputs constant(const Call& call) {
  if (call.node().attributes.size() != 1) call.refuse("expected one value, got {}.", call.node().attributes.size());
  if (const auto value = call.tensor("value")) return {*value};
  if (const auto values = call.integers("value_ints")) return {list_of(*values)};
  if (const auto values = call.reals("value_floats")) {
    auto list = at::empty({static_cast<int64_t>(values->size())}, tensor::on_cpu());
    std::ranges::copy(*values, list.data_ptr<float>());
    return {list};
  }
  if (call.node().attributes.front().name == "value_int")
    return {at::scalar_tensor(call.integer("value_int", 0), tensor::on_cpu(at::kLong))};
  return {at::scalar_tensor(call.real("value_float", 0), tensor::on_cpu())};
}

Outputs constant_of_shape(const Call& call) {
  const auto shape = call.integers_of(0);
  call.allow(shape);
  const auto value = call.tensor("value").value_or(at::zeros({1}, tensor::on_cpu()));
  if (value.numel() != 1) call.refuse("its value has {} numbers: expected one.", value.numel());
  return {value.reshape({}).expand(shape).contiguous()};
}

Outputs range(const Call& call) {
  const auto& first = call.input(0);
  const double start = call.number_of(0), end = call.number_of(1), step = call.number_of(2);
  if (step == 0 || !std::isfinite(start) || !std::isfinite(end) || !std::isfinite(step))
    call.refuse("from {} to {} by {}.", start, end, step);
  const double count = std::max(0.0, std::ceil((end - start) / step));
  if (count > static_cast<double>(kMostNumbers)) call.refuse("{} numbers.", count);
  const auto places = at::arange(static_cast<int64_t>(count), tensor::on_cpu(at::kDouble));
  return {(places * step + start).to(first.scalar_type())};
}

Outputs shape(const Call& call) {
  const auto& x = call.input(0);
  const auto rank = x.dim();
  const auto place = [&](const char* name, int64_t otherwise) {
    const auto given = call.integer(name, otherwise);
    return std::clamp<int64_t>(given < 0 ? std::max(given, -rank) + rank : given, 0, rank);
  };
  const auto start = place("start", 0), end = std::max(start, place("end", rank));
  return {list_of(x.sizes().slice(static_cast<size_t>(start), static_cast<size_t>(end - start)).vec())};
}

Outputs reshape(const Call& call) {
  const auto& x = call.input(0);
  auto shape = call.integers_of(1);
  const bool zero_stays = call.flag("allowzero", false);
  int64_t known = 1;
  std::optional<size_t> open;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zero_stays) {
      if (static_cast<int64_t>(i) >= x.dim()) call.refuse("length 0 of axis {}: the input has {} axes.", i, x.dim());
      shape[i] = x.size(static_cast<int64_t>(i));
    }
    if (shape[i] == -1) {
      if (open) call.refuse("two lengths are -1.");
      open = i;
    } else if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known)) {
      call.refuse("a length of {}.", shape[i]);
    }
  }
  if (open) {
    if (known == 0 || x.numel() % known != 0) call.refuse("{} numbers in rows of {}.", x.numel(), known);
    shape[*open] = x.numel() / known;
    known *= shape[*open];
  }
  if (known != x.numel()) call.refuse("{} numbers, where the shape asks for {}.", x.numel(), known);
  return {x.reshape(shape)};
}

Outputs flatten(const Call& call) {
  const auto& x = call.input(0);
  const auto given = call.integer("axis", 1);
  const auto axis = given == x.dim() ? given : call.axis(given, x.dim());
  int64_t rows = 1, columns = 1;
  for (int64_t i = 0; i < x.dim(); ++i)
    (i < axis ? rows : columns) *= x.size(i);
  return {x.reshape({rows, columns})};
}

Outputs transpose(const Call& call) {
  const auto rank = call.input(0).dim();
  std::vector<int64_t> reversed(static_cast<size_t>(rank));
  std::iota(reversed.rbegin(), reversed.rend(), int64_t{0});
  const auto order = call.axes(call.integers("perm").value_or(reversed), rank);
  if (static_cast<int64_t>(order.size()) != rank) call.refuse("perm names {} of {} axes.", order.size(), rank);
  return {call.input(0).permute(order)};
}

Outputs squeeze(const Call& call) {
  const auto& x = call.input(0);
  const auto said = call.list("axes", 1);
  const auto axes = call.axes(said.value_or(std::vector<int64_t>()), x.dim());
  std::vector<int64_t> shape;
  for (int64_t i = 0; i < x.dim(); ++i) {
    const bool goes = said ? std::ranges::find(axes, i) != axes.end() : x.size(i) == 1;
    if (goes && x.size(i) != 1) call.refuse("axis {} has length {}: only one of 1 can go.", i, x.size(i));
    if (!goes) shape.push_back(x.size(i));
  }
  return {x.reshape(shape)};
}

Outputs unsqueeze(const Call& call) {
  const auto& x = call.input(0);
  const auto said = call.list("axes", 1);
  if (!said) call.refuse("it does not say its axes.");
  const auto rank = x.dim() + static_cast<int64_t>(said->size());
  const auto axes = call.axes(*said, rank);
  std::vector<int64_t> shape;
  for (int64_t i = 0, from = 0; i < rank; ++i)
    shape.push_back(std::ranges::find(axes, i) != axes.end() ? 1 : x.size(from++));
  return {x.reshape(shape)};
}

Outputs expand(const Call& call) {
  const auto shape = at::infer_size(call.input(0).sizes(), call.allow(call.integers_of(1)));
  call.allow(shape);
  return {call.input(0).expand(shape)};
}

Outputs tile(const Call& call) {
  const auto& x = call.input(0);
  const auto repeats = call.integers_of(1);
  if (static_cast<int64_t>(repeats.size()) != x.dim()) call.refuse("{} repeats of {} axes.", repeats.size(), x.dim());
  auto shape = x.sizes().vec();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i] < 0 || __builtin_mul_overflow(shape[i], repeats[i], &shape[i]))
      call.refuse("{} repeats.", repeats[i]);
  }
  call.allow(shape);
  return {x.repeat(repeats)};
}

Outputs concat(const Call& call) {
  std::vector<at::Tensor> parts;
  for (size_t i = 0; i < call.count(); ++i) {
    parts.push_back(call.input(i));
    if (parts.back().scalar_type() != parts.front().scalar_type() || parts.back().dim() != parts.front().dim())
      call.refuse("input {} is of another type or of other axes than input 0.", i);
  }
  const auto axis = call.axis(call.integer("axis", 0), parts.front().dim());
  auto shape = parts.front().sizes().vec();
  for (size_t i = 1; i < parts.size(); ++i)
    shape[static_cast<size_t>(axis)] += parts[i].size(axis);
  call.allow(shape);
  return {at::cat(parts, axis)};
}

Outputs split(const Call& call) {
  const auto& x = call.input(0);
  const auto axis = call.axis(call.integer("axis", 0), x.dim());
  const auto length = x.size(axis), count = static_cast<int64_t>(call.node().outputs.size());
  auto lengths = call.list("split", 1);
  if (!lengths) {
    if (count < 1) call.refuse("it gives nothing.");
    if (call.integer("num_outputs", count) != count) call.refuse("num_outputs is not how many outputs it has.");
    if (call.opset() < 18 && length % count != 0) call.refuse("a length of {} in {} equal parts.", length, count);
    const auto each = (length + count - 1) / count;
    lengths.emplace(static_cast<size_t>(count), each);
    lengths->back() = length - each * (count - 1);
  }
  int64_t all = 0;
  for (const auto part : *lengths) {
    if (part < 0 || part > length) call.refuse("a part of {} of a length of {}.", part, length);
    all += part;
  }
  if (all != length) call.refuse("parts of {} of a length of {}.", all, length);
  return x.split_with_sizes(*lengths, axis);
}

Outputs gather(const Call& call) {
  const auto &x = call.input(0), &given = call.input(1);
  const auto axis = call.axis(call.integer("axis", 0), x.dim());
  if (!at::isIntegralType(given.scalar_type(), false)) call.refuse("places of {}.", given.dtype().name());
  auto places = given.to(at::kLong).reshape({-1});
  const auto length = x.size(axis);
  if (places.numel() > 0 && (places.min().item<int64_t>() < -length || places.max().item<int64_t>() >= length))
    call.refuse("a place outside of a length of {}.", length);
  places = at::where(places.lt(0), places + length, places);
  auto shape = x.sizes().vec();
  const auto at_axis = shape.begin() + axis;
  shape.insert(shape.erase(at_axis), given.sizes().begin(), given.sizes().end());
  call.allow(shape);
  return {x.index_select(axis, places).reshape(shape)};
}

// For each place of the second the number of the first that it names along the axis, the other axes as they are.
Outputs gather_elements(const Call& call) {
  const auto &x = call.input(0), &given = call.input(1);
  const auto axis = call.axis(call.integer("axis", 0), x.dim());
  if (!at::isIntegralType(given.scalar_type(), false)) call.refuse("places of {}.", given.dtype().name());
  if (given.dim() != x.dim()) call.refuse("places of {} axes in a tensor of {}.", given.dim(), x.dim());
  for (int64_t i = 0; i < x.dim(); ++i) {
    if (i != axis && given.size(i) > x.size(i)) call.refuse("more places along axis {} than there are numbers.", i);
  }
  auto places = given.to(at::kLong);
  const auto length = x.size(axis);
  if (places.numel() > 0 && (places.min().item<int64_t>() < -length || places.max().item<int64_t>() >= length))
    call.refuse("a place outside of a length of {}.", length);
  places = at::where(places.lt(0), places + length, places);
  return {x.gather(axis, places)};
}

// A copy of the data with parts of it replaced: places [..., K] name the first K axes.
Outputs scatter_nd(const Call& call) {
  const auto &x = call.input(0), &places = call.input(1), &updates = call.input(2);
  const auto reduction = call.text("reduction", "none");
  if (reduction != "none") call.refuse("reduction '{}': expected none.", printable(reduction));
  if (places.dim() < 1 || places.size(-1) < 1 || places.size(-1) > x.dim() ||
      !at::isIntegralType(places.scalar_type(), false) || updates.scalar_type() != x.scalar_type())
    call.refuse("its places do not name axes of what they lie in, or its types do not go together.");
  const auto axes = places.size(-1);
  auto shape = places.sizes().slice(0, static_cast<size_t>(places.dim() - 1)).vec();
  shape.insert(shape.end(), x.sizes().begin() + axes, x.sizes().end());
  if (updates.sizes() != at::IntArrayRef(shape))
    call.refuse("updates of [{}], where its places ask for [{}].", fmt::join(updates.sizes(), ", "),
                fmt::join(shape, ", "));
  c10::List<std::optional<at::Tensor>> indices;
  for (const auto& index : places.to(at::kLong).unbind(-1))
    indices.push_back(index);
  return {at::index_put(x, indices, updates)};
}

namespace {

// As NumPy slices: places beyond an end stand at it.
at::Tensor sliced(const Call& call, at::Tensor x, const std::vector<int64_t>& starts, const std::vector<int64_t>& ends,
                  std::optional<std::vector<int64_t>> axes, std::optional<std::vector<int64_t>> steps) {
  if (!axes) {
    axes.emplace(starts.size());
    std::iota(axes->begin(), axes->end(), int64_t{0});
  }
  if (!steps) steps.emplace(starts.size(), 1);
  if (ends.size() != starts.size() || axes->size() != starts.size() || steps->size() != starts.size())
    call.refuse("{} starts, {} ends, {} axes, {} steps: expected as many of each.", starts.size(), ends.size(),
                axes->size(), steps->size());
  const auto which = call.axes(*axes, x.dim());
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = which[i], length = x.size(axis);
    const auto step = std::clamp<int64_t>((*steps)[i], -length - 1, length + 1);
    if (step == 0) call.refuse("a step of 0.");
    const auto place = [&](int64_t given) {
      const auto least = step > 0 ? int64_t{0} : int64_t{-1}, most = step > 0 ? length : length - 1;
      return std::clamp(given < 0 ? given + length : given, least, most);
    };
    const auto start = std::max<int64_t>(0, place(starts[i])), end = place(ends[i]);
    if (step > 0) {
      x = x.slice(axis, start, std::max(start, end), step);
    } else {
      const auto count = start > end ? (start - end - step - 1) / -step : 0;
      x = x.index_select(axis, at::arange(count, tensor::on_cpu(at::kLong)) * step + start);
    }
  }
  return x;
}

}  // namespace

Outputs slice(const Call& call) {
  std::optional<std::vector<int64_t>> axes, steps;
  if (call.has(3)) axes = call.integers_of(3);
  if (call.has(4)) steps = call.integers_of(4);
  return {sliced(call, call.input(0), call.integers_of(1), call.integers_of(2), axes, steps)};
}

Outputs slice_by_attributes(const Call& call) {
  const auto starts = call.integers("starts"), ends = call.integers("ends");
  if (!starts || !ends) call.refuse("it does not say its starts and ends.");
  return {sliced(call, call.input(0), *starts, *ends, call.integers("axes"), {})};
}

}  // namespace graft::models::onnx
