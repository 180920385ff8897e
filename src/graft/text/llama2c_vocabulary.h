// The vocabulary that karpathy/llama2.c's tokenizer.py exports (tokenizer.bin, tok512.bin): a Llama 2's sentencepiece
// pieces, blanks written as blanks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graft/text/sentence_pieces.h"

namespace graft::text {

// nullopt for bytes that are no such file; nothing but its lengths tells.
std::optional<SentencePieces> read_llama2c_vocabulary(std::string_view bytes);

}  // namespace graft::text
