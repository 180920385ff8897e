// LoRA as PEFT writes it (huggingface/peft 0.21): adapter_config.json's fields, and a pair lora_A, lora_B for every
// module of the loaded checkpoint. Slices of a fused matrix are written as one pair of the sum of their ranks, B in
// blocks: q and v of a [3D, D] become A [2r, D], B [3D, 2r]; PEFT computes the same from it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graft/methods/lora/lora.h"

namespace graft::methods::lora::peft {

nlohmann::json config(const Options& options, models::Model& model, const Adaptation& adaptation);
std::map<std::string, at::Tensor> write(models::Model& model, const Adaptation& adaptation);
void read(models::Model& model, const std::map<std::string, at::Tensor>& tensors, Adaptation& adaptation);

// Options that say what a foreign adapter_config.json says. What graft's LoRA does not compute (DoRA, trained biases,
// ranks by pattern ...) is refused by name.
OptionValues options(const nlohmann::json& config, models::Model& model);

}  // namespace graft::methods::lora::peft
