#include "graft/nn/tensor_file.h"

#include <torch/types.h>

#include <cstring>
#include <memory>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::nn {
namespace {

constexpr std::pair<io::Dtype, at::ScalarType> kTypes[] = {
    {io::Dtype::f64, at::kDouble},    {io::Dtype::f32, at::kFloat}, {io::Dtype::f16, at::kHalf},
    {io::Dtype::bf16, at::kBFloat16}, {io::Dtype::i64, at::kLong},  {io::Dtype::i32, at::kInt},
    {io::Dtype::i16, at::kShort},     {io::Dtype::i8, at::kChar},   {io::Dtype::u8, at::kByte},
    {io::Dtype::boolean, at::kBool}};

at::ScalarType scalar_type(io::Dtype dtype) {
  for (const auto& [ours, theirs] : kTypes) {
    if (ours == dtype) return theirs;
  }
  throw FileError("safetensors", "tensors of type {} are not read.", io::name_of(dtype));
}

}  // namespace

std::optional<io::Dtype> dtype_of(at::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  return {};
}

std::optional<io::TensorView> to_view(const at::Tensor& tensor) {
  const auto dtype = dtype_of(tensor.scalar_type());
  if (!dtype) return {};
  auto held = std::make_shared<const at::Tensor>(tensor.detach().to(at::kCPU).contiguous());
  return io::TensorView{.dtype = *dtype,
                        .shape = held->sizes().vec(),
                        .data = static_cast<const std::byte*>(held->const_data_ptr()),
                        .bytes = held->nbytes(),
                        .owner = held};
}

void write_tensors(const std::filesystem::path& file, const NamedTensors& tensors, const io::Metadata& metadata) {
  std::vector<io::TensorView> dense;
  std::vector<io::NamedView> views;
  for (const auto& [name, tensor] : tensors) {
    const auto view = to_view(tensor);
    if (!view)
      throw InternalError("safetensors", "a tensor of type {} cannot be written.", at::toString(tensor.scalar_type()));
    dense.push_back(*view);
    views.push_back({name, view->dtype, view->shape, view->span()});
  }
  io::write_safetensors(file, views, metadata);
}

NamedTensors read_tensors(const std::filesystem::path& file) {
  const auto opened = io::SafetensorsFile::open(file);
  NamedTensors tensors;
  for (const auto& [name, view] : opened.tensors())
    tensors[name] = to_tensor(*opened.find(name)).clone();
  return tensors;
}

at::Tensor to_tensor(const io::TensorView& view) {
  const auto options = tensor::on_cpu(scalar_type(view.dtype));
  const bool aligned = reinterpret_cast<uintptr_t>(view.data) % io::size_of(view.dtype) == 0;
  if (aligned && view.bytes > 0) {
    return torch::from_blob(
        const_cast<std::byte*>(view.data), view.shape, [owner = view.owner](void*) {}, options);
  }
  at::Tensor copy = torch::empty(view.shape, options);
  if (view.bytes > 0) std::memcpy(copy.mutable_data_ptr(), view.data, view.bytes);
  return copy;
}

}  // namespace graft::nn
