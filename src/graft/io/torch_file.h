// Tensors out of PyTorch's own files, without running anything that they contain: torch.save's zip (1.6 and later), its
// older pickle stream, and TorchScript archives such as OpenAI ships for CLIP. Only tensors and plain containers are
// read; a pickle that names anything else to be called is refused by that name.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "graft/io/tensor_view.h"

namespace graft::io {

// Nested containers and modules become dotted names ("state_dict.conv1.weight"); what is not a tensor is left out.
TensorMap read_torch_file(const std::filesystem::path& path);
TensorMap parse_torch_file(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name);

}  // namespace graft::io
