// Tensors of a golden file, by name.
#pragma once

#include <torch/types.h>

#include <cstring>
#include <map>
#include <string>

#include "graft/io/safetensors.h"
#include "tests/support/source_dir.h"

namespace graft::methods {

inline std::map<std::string, at::Tensor> read_tensors(const std::string& path) {
  std::map<std::string, at::Tensor> tensors;
  const auto file = io::SafetensorsFile::open(path);
  for (const auto& [name, view] : file.tensors()) {
    const auto type = view.dtype == io::Dtype::f64   ? torch::kFloat64
                      : view.dtype == io::Dtype::i64 ? torch::kInt64
                                                     : torch::kFloat32;
    auto tensor = torch::empty(view.shape, type);
    GRAFT_ASSERT(static_cast<size_t>(tensor.nbytes()) == view.bytes);
    std::memcpy(tensor.data_ptr(), view.data, view.bytes);
    tensors[name] = tensor;
  }
  return tensors;
}

// tests/golden/methods/<name>, made by tests/golden/make/methods*.py
inline std::string golden_path(const std::string& name) {
  return source_dir() / "tests/golden/methods" / name;
}
inline std::map<std::string, at::Tensor> golden(const std::string& name) {
  return read_tensors(golden_path(name + ".safetensors"));
}

}  // namespace graft::methods
