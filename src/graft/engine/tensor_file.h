// Named tensors to and from one safetensors file.
#pragma once

#include <filesystem>

#include "graft/engine/parameters.h"
#include "graft/io/safetensors.h"

namespace graft::engine {

void write_tensors(const std::filesystem::path& file, const NamedTensors& tensors, const io::Metadata& metadata = {});

// Copies; the file may change or go afterwards.
NamedTensors read_tensors(const std::filesystem::path& file);

// A tensor over the view's bytes where they are aligned, else a copy.
at::Tensor to_tensor(const io::TensorView& view);

}  // namespace graft::engine
