// LoRA in a file that llama.cpp's --lora loads: GGUF with an alpha, and for each adapted matrix "blk.N.attn_q.weight" a
// pair ".lora_a" [r, in] and ".lora_b" [out, r]; the change is alpha / r B A x. The rows of B lie as those of the
// matrix do. After llama.cpp's convert_lora_to_gguf.py, which writes such files, and src/llama-adapter.cpp, which reads
// them; embeddings, heads and aLoRA's tokens are left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "graft/core/log.h"
#include "graft/io/gguf_types.h"
#include "graft/io/json_object.h"
#include "graft/methods/adapted.h"
#include "graft/models/model.h"
#include "graft/nn/parameters.h"

namespace graft::pipelines::language {

bool is_gguf_lora(const std::filesystem::path& path);  // a file that begins as GGUF does

struct WrittenLora {
  int64_t matrices = 0;
  double alpha = 0;
};
// Numbers in F32 or F16. ModelError, with nothing written, for an adapter that is more than plain LoRA, by name.
WrittenLora write_gguf_lora(const std::filesystem::path& file, const methods::Adapted& adapted, io::GgmlType type);

// The same adapter as PEFT would have written it beside that model. ModelError for a file that is no LoRA of such a
// model, or says what graft does not know. That it was trained on other weights is a note: such files are used with
// any quantisation of their base.
struct PeftAdapter {
  io::JsonObject config;
  nn::NamedTensors tensors;
  std::vector<Note> notes;
};
PeftAdapter read_gguf_lora(const std::filesystem::path& file, const models::Model& model);

}  // namespace graft::pipelines::language
