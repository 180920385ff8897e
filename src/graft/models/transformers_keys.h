// Keys that transformers writes into every config and that change no feature: names, types, what generation and
// training read.
#pragma once

#include "graft/io/json_object.h"

namespace graft::models {

void ignore_transformers_keys(const io::JsonObject& config);

}  // namespace graft::models
