// The regular expressions that published tokenisers split text with, each written out as a matcher. A file that names
// another one is refused by the reader.
#pragma once

#include <string_view>
#include <vector>

#include "graft/text/pieces.h"

namespace graft::text {

// GPT-2's, which byte-level pre-tokenisers use.
void find_gpt2_words(std::u32string_view text, std::vector<Match>& matches);
// The matcher of a known expression; empty for any other.
FindMatches find_pattern(std::string_view expression);
std::vector<std::string_view> known_patterns();
// The plain text `needle`, not empty.
FindMatches find_literal(std::u32string needle);
// Each character of the kinds, one match a character.
FindMatches find_each(bool (*is_kind)(char32_t));
// Runs of such characters.
FindMatches find_runs(bool (*is_kind)(char32_t));

}  // namespace graft::text
