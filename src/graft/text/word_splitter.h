// CLIP's words: start and end markers, the English contractions, runs of letters, single digits, runs of anything else
// that is not white space. The pattern of Radford et al.'s SimpleTokenizer, matched without regard to case.
#pragma once

#include <cstddef>
#include <string_view>

namespace graft::text {

inline constexpr std::u32string_view kStartMarker = U"<start_of_text>", kEndMarker = U"<end_of_text>";

struct Word {
  size_t begin, length;
};

// The first word at or after `from`; its length is 0 if there is none. Without `markers` their spellings are text.
Word next_word(std::u32string_view text, size_t from, bool markers = true);

}  // namespace graft::text
