// LoRA as PEFT writes it (huggingface/peft 0.21): adapter_config.json's fields, and a pair lora_A, lora_B for every
// module of the loaded checkpoint. Slices of a fused matrix are written as one pair of the sum of their ranks, B in
// blocks: q and v of a [3D, D] become A [2r, D], B [3D, 2r]; PEFT computes the same from it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graft/methods/foreign.h"
#include "graft/methods/lora/lora.h"
#include "graft/nn/parameters.h"

namespace graft::methods::lora::peft {

// Ours, as PEFT has them; read() takes them under every name that leads to the same modules.
nlohmann::json config(const Options& options, models::Model& model, const Adaptation& adaptation);
nn::NamedTensors write(const Options& options, models::Model& model, const Adaptation& adaptation);
void read(const Options& options, models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation);

// PEFT's. Which modules it adapts and at which rank is read off the tensors. What graft does not compute is refused by
// name.
ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model);
ForeignHead saved_head(const io::JsonObject& config, const nn::NamedTensors& tensors);

}  // namespace graft::methods::lora::peft
