// The regular expressions that published tokenisers split text with, each written out as a matcher. A file that names
// another one is refused by the reader.
#pragma once

#include <string_view>
#include <vector>

#include "graft/text/pieces.h"

namespace graft::text {

inline constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kLlama3Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwenWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
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
