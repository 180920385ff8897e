// From tokens back to a text: the "decoder" of a tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graft/io/json_object.h"

namespace graft::text {

using TokenDecoder = std::function<std::string(std::vector<std::string> tokens)>;

TokenDecoder join_with_blanks();
// A decoder that is not understood changes no ids: it is refused by name when it is first asked.
TokenDecoder read_decoder(const io::JsonObject& json);

}  // namespace graft::text
