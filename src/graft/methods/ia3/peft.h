// (IA)3 as PEFT keeps it: for every module that it multiplies a tensor "ia3_l", [out, 1] or, of inputs, [1, in].
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graft/methods/foreign.h"
#include "graft/methods/ia3/ia3.h"
#include "graft/methods/peft_field.h"
#include "graft/nn/parameters.h"

namespace graft::methods::ia3::peft {

// Whether PEFT has a place for all of them: it does not multiply in an nn.MultiheadAttention (open_clip).
bool can_hold(models::Model& model, const Adaptation& adaptation);

nlohmann::json config(models::Model& model, const Adaptation& adaptation);
// Slices of a fused matrix are written as one tensor, 1 where nothing is multiplied.
nn::NamedTensors write(models::Model& model, const Adaptation& adaptation);
void read(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation);

// All that an adapter_config.json of PEFT may say.
const PeftFields& fields();
ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model);

}  // namespace graft::methods::ia3::peft
