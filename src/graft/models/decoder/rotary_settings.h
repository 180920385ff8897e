// How the configs of transformers tell rotary positions: rope_theta with rope_scaling, or since version 5
// rope_parameters.
#pragma once

#include "graft/io/json_object.h"
#include "graft/models/decoder/decoder_settings.h"

namespace graft::models::decoder {

// Into settings.rotary and settings.sliding_rotary. ModelError for a way to stretch them that graft does not know.
void read_rotary(const io::JsonObject& config, Settings& settings);

// rope_parameters that say the same.
nlohmann::json rotary_parameters(const nn::Rotary& rotary);

}  // namespace graft::models::decoder
