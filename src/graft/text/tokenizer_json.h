// The parts of the tokeniser that a tokenizer.json describes.
#pragma once

#include "graft/io/json_object.h"
#include "graft/text/pipeline_tokenizer.h"

namespace graft::text {

// `json` is the tokenizer.json, `config` the tokenizer_config.json beside it or an empty object: it names the special
// tokens. What is not understood is a ModelError that names it.
Pipeline read_pipeline(const io::JsonObject& json, const io::JsonObject& config);

}  // namespace graft::text
