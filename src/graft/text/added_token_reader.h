// Added tokens as tokenizer.json and tokenizer_config.json write them.
#pragma once

#include <vector>

#include "graft/io/json_object.h"
#include "graft/text/added_tokens.h"

namespace graft::text {

// {"content": "[MASK]", "lstrip": true, ...}; a setting that is not understood is a ModelError, an id that no token can
// have a FileError.
AddedToken read_added_token(const io::JsonObject& json, int64_t id);
// Those of a tokenizer_config.json's "added_tokens_decoder", by id.
std::vector<AddedToken> added_tokens_of(const io::JsonObject& config);

}  // namespace graft::text
