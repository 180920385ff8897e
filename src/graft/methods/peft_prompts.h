// Learned prompts as PEFT keeps them: one tensor without a module's name, a row a token, and a configuration.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

#include "graft/io/json_object.h"
#include "graft/methods/peft_field.h"
#include "graft/models/model.h"
#include "graft/nn/parameters.h"

namespace graft::methods {

inline constexpr const char* kPrompts = "prompt_embeddings";  // [tokens, numbers of one]

struct PromptSizes {
  int64_t tokens = 0;
  int64_t width = 0;  // PEFT's token_dim
  int64_t heads = 0;  // of queries, or of the keys that are learned
  int64_t layers = 0;
};

nlohmann::json prompts_config(const char* peft_type, const models::Model& model, const PromptSizes& sizes);

// The tensor of what PEFT wrote, [tokens, numbers] float32. ModelError at `method` unless the model is one whose
// prompts stand where PEFT's do (a decoder), and for all that would change a number and is not understood; what the
// method itself understands it has asked for before.
// Fields that both have.
PeftFields with_prompts(PeftFields own);

at::Tensor read_prompts(const char* method, const io::JsonObject& config, const PeftFields& fields,
                        const nn::NamedTensors& tensors, const models::Model& model, int64_t numbers);

// Whether PEFT's prompts stand where ours do: in language models. Positions of the encoders that it knows go on behind
// a prefix, and begin anew here.
bool has_prompts_of_peft(const models::Model& model);

}  // namespace graft::methods
