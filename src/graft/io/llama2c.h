// Models as karpathy/llama2.c's export.py writes them: version 0, seven numbers and all matrices of a kind after one
// another, and version 1, which has a magic number and 256 bytes before them. float32.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "graft/io/weights.h"

namespace graft::io {

// Nothing but that: version 0 has no mark, but its seven numbers tell its size to the byte.
bool is_llama2c(std::span<const std::byte> bytes);

// Tensors by Meta's names ("layers.0.attention.wq.weight", "tok_embeddings.weight"); metadata has "llama2.c" (the
// version), "dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size" and "max_seq_len".
Weights read_llama2c(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name);

}  // namespace graft::io
