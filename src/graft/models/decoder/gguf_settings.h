// What a GGUF's metadata says of a decoder. What the architecture implies is as llama.cpp has it in its code.
#pragma once

#include "graft/io/gguf.h"
#include "graft/models/decoder/decoder_settings.h"

namespace graft::models::decoder {

Settings settings_of_gguf(const io::GgufFile& file);

}  // namespace graft::models::decoder
