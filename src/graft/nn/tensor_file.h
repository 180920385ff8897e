// Named tensors to and from one safetensors file.
#pragma once

#include <filesystem>
#include <optional>

#include "graft/io/safetensors.h"
#include "graft/nn/parameters.h"

namespace graft::nn {

void write_tensors(const std::filesystem::path& file, const NamedTensors& tensors, const io::Metadata& metadata = {});

// Copies; the file may change or go afterwards.
NamedTensors read_tensors(const std::filesystem::path& file);

// A tensor over the view's bytes where they are aligned, else a copy.
at::Tensor to_tensor(const io::TensorView& view);
// The other way: dense, on the CPU, and kept alive by the view; nothing for a type that no file has.
std::optional<io::TensorView> to_view(const at::Tensor& tensor);
std::optional<io::Dtype> dtype_of(at::ScalarType type);

}  // namespace graft::nn
