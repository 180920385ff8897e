// How a text falls into words: the steps of the "pre_tokenizer" of a tokenizer.json.
#pragma once

#include <vector>

#include "graft/io/json_object.h"
#include "graft/text/pieces.h"

namespace graft::text {

PieceStep byte_letters_step();  // each byte of a piece its character of GPT-2's alphabet
PieceStep digits_step();        // each digit a word
// A component that is not understood, or a setting of one, is a ModelError that names it.
std::vector<PieceStep> read_pre_tokenizer(const io::JsonObject& json);

}  // namespace graft::text
