// From tokens back to a text: the "decoder" of a tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graft/io/json_object.h"

namespace graft::text {

using TokenDecoder = std::function<std::string(std::vector<std::string> tokens)>;

TokenDecoder join_with_blanks();
// Of GPT-2's alphabet of bytes; bytes that are no UTF-8 become U+FFFD.
TokenDecoder byte_level_decoder();
// U+2581 is a blank, a run of <0x..> the text of its bytes, or U+FFFD for each where they are no UTF-8. `strips_blank`:
// the text's first blank was put there by the tokeniser.
TokenDecoder sentence_piece_decoder(bool strips_blank);
// A decoder that is not understood changes no ids: it is refused by name when it is first asked.
TokenDecoder read_decoder(const io::JsonObject& json);

}  // namespace graft::text
