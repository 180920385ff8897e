// The tokens <0x00> to <0xFF> by which a vocabulary spells a character that it lacks.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "graft/text/vocabulary.h"

namespace graft::text {

std::optional<unsigned char> byte_of_token(std::string_view token);
// Appends the ids of the bytes of `text`; false, and nothing appended, if one of them has no token.
bool append_byte_tokens(const Vocabulary& vocabulary, std::string_view text, std::vector<int32_t>& ids);

}  // namespace graft::text
