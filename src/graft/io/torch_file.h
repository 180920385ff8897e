// Tensors out of PyTorch's own files, without running anything that they contain: torch.save's zip (1.6 and later), its
// older pickle stream, and TorchScript archives such as OpenAI ships for CLIP. Only tensors and plain containers are
// read; other objects beside them are passed over.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/tensor_view.h"

namespace graft::io {

struct TorchFile {
  // Nested containers and modules become dotted names ("state_dict.conv1.weight"); what is not a tensor is left out. Of
  // a TorchScript module every attribute that is a tensor counts.
  TensorMap tensors;
  // The keys of the outermost dictionary that hold containers with tensors: {"state_dict": {...}, "optimizer": {...}}.
  std::vector<std::string> groups;

  static TorchFile open(const std::filesystem::path& path);
  // `owner` keeps `bytes` alive; `name` stands in errors.
  static TorchFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name);
};

}  // namespace graft::io
