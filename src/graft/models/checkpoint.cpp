#include "graft/models/checkpoint.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"
#include "graft/models/nf4_tensors.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::models {
namespace {

constexpr size_t kMostNamed = 20;  // of what is wrong; the rest is counted

bool selects(const std::string& pattern, const std::string& name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

}  // namespace

at::ScalarType scalar_type(io::Dtype dtype) {
  switch (dtype) {
    case io::Dtype::f64:
      return at::kDouble;
    case io::Dtype::f32:
      return at::kFloat;
    case io::Dtype::f16:
      return at::kHalf;
    case io::Dtype::bf16:
      return at::kBFloat16;
    case io::Dtype::i64:
      return at::kLong;
    case io::Dtype::i32:
      return at::kInt;
    case io::Dtype::i16:
      return at::kShort;
    case io::Dtype::i8:
      return at::kChar;
    case io::Dtype::u8:
      return at::kByte;
    case io::Dtype::boolean:
      return at::kBool;
    default:
      throw InternalError("checkpoint", "{} was to be refused by the reader.", io::name_of(dtype));
  }
}

at::Tensor to_float(const io::TensorView& view) {
  const auto numbers = view_of(view);
  return view.file ? numbers.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true) : numbers.to(at::kFloat);
}

at::Tensor view_of(const io::TensorView& view) {
  const auto type = scalar_type(view.dtype);
  if (view.file && reinterpret_cast<std::uintptr_t>(view.data) % c10::elementSize(type) == 0) {
    const auto done = [view](void*) { view.file->give_back(view.span()); };
    return at::from_blob(const_cast<std::byte*>(view.data), view.shape, done, tensor::on_cpu(type));
  }
  auto tensor = at::empty(view.shape, tensor::on_cpu(type));
  if (view.bytes > 0) std::memcpy(tensor.data_ptr(), view.data, view.bytes);
  if (view.file) view.file->give_back(view.span());
  return tensor;
}

CheckpointReader::CheckpointReader(const io::Weights& weights, std::string prefix)
    : weights_(weights), prefix_(std::move(prefix)) {}

bool CheckpointReader::has(const std::string& theirs) const {
  return weights_.tensors().contains(full(theirs));
}

std::vector<int64_t> CheckpointReader::shape(const std::string& theirs) const {
  const auto found = weights_.tensors().find(full(theirs));
  if (found == weights_.tensors().end()) {
    throw ModelError("model", "{}: '{}' is missing; without it the sizes of the model cannot be known.",
                     weights_.name(), full(theirs));
  }
  if (!is_quantised_by_bitsandbytes(weights_, full(theirs))) return found->second.shape;
  const auto matrix = read_nf4(weights_, full(theirs));
  return {matrix.rows, matrix.columns};
}

int64_t CheckpointReader::count(const std::string& prefix) const {
  int64_t blocks = 0;
  const auto& tensors = weights_.tensors();
  for (;; ++blocks) {
    const auto name = fmt::format("{}{}.", full(prefix), blocks);
    const auto at = tensors.lower_bound(name);
    if (at == tensors.end() || !at->first.starts_with(name)) return blocks;
  }
}

const io::TensorView* CheckpointReader::find(const std::string& theirs, const std::vector<int64_t>& stored) {
  const auto name = full(theirs);
  taken_.insert(name);
  const auto* view = weights_.find(name);
  if (!view) {
    wrong_.push_back(fmt::format("{}: missing, expected [{}]", name, fmt::join(stored, ", ")));
  } else if (view->shape != stored) {
    wrong_.push_back(
        fmt::format("{}: expected [{}], got [{}]", name, fmt::join(stored, ", "), fmt::join(view->shape, ", ")));
  } else {
    return view;
  }
  return nullptr;
}

at::Tensor CheckpointReader::read(const std::string& theirs, const std::vector<int64_t>& stored) {
  const auto* view = find(theirs, stored);
  return view ? to_float(*view) : at::zeros(stored, tensor::on_cpu());  // zeros are never seen: finish() throws
}

at::Tensor CheckpointReader::take(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape) {
  return take_as(ours, theirs, shape, shape);
}

at::Tensor CheckpointReader::take_as(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape,
                                     std::vector<int64_t> stored) {
  const auto tensor = read(theirs, stored).reshape(shape);
  origins_.push_back({ours, full(theirs), std::move(stored), 0, tensor.dim() > 0 ? tensor.size(0) : 1, false});
  return tensor;
}

at::Tensor CheckpointReader::make(const std::string& ours, const std::string& theirs, at::Tensor value) {
  origins_.push_back({ours, full(theirs), value.sizes().vec(), 0, value.dim() > 0 ? value.size(0) : 1, false});
  return value;
}

at::Tensor CheckpointReader::take_stacked(const std::string& ours, const std::vector<std::string>& theirs,
                                          std::vector<int64_t> shape) {
  auto stored = shape;
  stored[0] /= static_cast<int64_t>(theirs.size());
  std::vector<at::Tensor> parts;
  for (size_t i = 0; i < theirs.size(); ++i) {
    parts.push_back(read(theirs[i], stored));
    origins_.push_back({ours, full(theirs[i]), stored, static_cast<int64_t>(i) * stored[0], stored[0], false});
  }
  return at::cat(parts);
}

at::Tensor CheckpointReader::take_matrix(const std::string& ours, const std::vector<std::string>& theirs,
                                         std::vector<int64_t> shape, Stored stored) {
  GRAFT_ASSERT(shape.size() == 2);
  const auto rows = shape[0] / static_cast<int64_t>(theirs.size());
  if (stored.transposed) stored.shape = {shape[1], rows};
  if (stored.shape.empty()) stored.shape = {rows, shape[1]};
  const bool quantised = std::any_of(theirs.begin(), theirs.end(), [&](const auto& name) {
    return is_quantised_by_bitsandbytes(weights_, full(name));
  });
  std::vector<io::TensorView> views;
  for (size_t i = 0; i < theirs.size(); ++i) {
    if (const auto* view = quantised ? nullptr : find(theirs[i], stored.shape)) views.push_back(*view);
    origins_.push_back({ours, full(theirs[i]), stored.shape, static_cast<int64_t>(i) * rows, rows, stored.transposed});
  }
  if (quantised) return take_quantised(theirs, shape);
  if (views.size() < theirs.size()) return at::zeros(shape, tensor::on_cpu());  // never seen: finish() throws
  const auto numbers = [views, shape, transposed = stored.transposed] {
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> parts;
    for (const auto& view : views)
      parts.push_back((transposed ? view_of(view).t() : view_of(view)).to(at::kFloat).contiguous());
    return (parts.size() == 1 ? parts.front() : at::cat(parts)).reshape(shape);
  };
  const bool in_file = std::all_of(views.begin(), views.end(), [](const auto& view) { return view.file != nullptr; });
  return in_file ? tensor::resting(shape, numbers) : numbers();
}

at::Tensor CheckpointReader::take_quantised(const std::vector<std::string>& theirs, const std::vector<int64_t>& shape) {
  std::vector<tensor::QuantisedWeight> parts;
  const auto rows = shape[0] / static_cast<int64_t>(theirs.size());
  for (const auto& name : theirs) {
    for (const auto& part : bitsandbytes_names(weights_, full(name)))
      taken_.insert(part);
    parts.push_back(read_nf4(weights_, full(name)));
    if (parts.back().rows == rows && parts.back().columns == shape[1]) continue;
    wrong_.push_back(fmt::format("{}: expected [{}, {}], got [{}, {}] in NF4", full(name), rows, shape[1],
                                 parts.back().rows, parts.back().columns));
    parts.pop_back();
  }
  if (parts.size() < theirs.size()) return at::zeros(shape, tensor::on_cpu());  // never seen: finish() throws
  return tensor::resting(tensor::stacked(parts));
}

at::Tensor CheckpointReader::take_table(const std::string& ours, const std::string& theirs,
                                        std::vector<int64_t> shape) {
  const auto* view = find(theirs, shape);
  origins_.push_back({ours, full(theirs), shape, 0, shape[0], false});
  if (!view) return at::zeros(shape, tensor::on_cpu());  // never seen: finish() throws
  if (!view->file) return to_float(*view);
  return tensor::resting(shape, [view = *view] { return view_of(view); });
}

void CheckpointReader::ignore(const std::vector<std::string>& patterns) {
  for (const auto& [name, view] : weights_.tensors()) {
    for (const auto& pattern : patterns) {
      if (selects(pattern, name) && !taken_.contains(name)) {
        taken_.insert(name);
        ignored_.push_back(name);
      }
    }
  }
}

std::vector<Origin> CheckpointReader::finish(const std::string& what) {
  for (const auto& [name, view] : weights_.tensors()) {
    if (!name.starts_with(prefix_)) continue;  // beside the model
    if (!taken_.contains(name)) {
      wrong_.push_back(fmt::format("{}: unexpected, [{}]", name, fmt::join(view.shape, ", ")));
    }
  }
  if (wrong_.empty()) return origins_;
  const size_t total = wrong_.size();
  if (total > kMostNamed) {
    wrong_.resize(kMostNamed);
    wrong_.push_back(fmt::format("and {} more", total - kMostNamed));
  }
  throw ModelError("model", "{} does not fit {}, {} of its tensors:\n  {}", weights_.name(), what, total,
                   fmt::join(wrong_, "\n  "));
}

nn::NamedTensors to_checkpoint(const std::vector<Origin>& origins, const nn::NamedTensors& parameters) {
  nn::NamedTensors tensors;
  for (const auto& origin : origins) {
    const auto found = parameters.find(origin.ours);
    GRAFT_ASSERT(found != parameters.end());
    auto value = found->second.detach();
    if (value.dim() > 0) value = value.narrow(0, origin.begin, origin.rows);
    if (origin.transposed) value = value.t();
    tensors[origin.theirs] = value.reshape(origin.shape).clone(at::MemoryFormat::Contiguous);
  }
  return tensors;
}

}  // namespace graft::models
