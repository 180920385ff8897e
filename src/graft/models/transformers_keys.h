// Keys that transformers writes into every config and that change no feature: names, types, what generation and
// training read; and its words for activations.
#pragma once

#include "graft/io/json_object.h"
#include "graft/tensor/activation_kind.h"

namespace graft::models {

void ignore_transformers_keys(const io::JsonObject& config);

// Of a config's `key`, GELU where it is silent; transformers' tables have several names for one function. ModelError
// for one that graft does not compute.
tensor::Activation transformers_activation(const io::JsonObject& config, const char* key);

}  // namespace graft::models
