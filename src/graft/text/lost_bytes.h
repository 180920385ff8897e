// Bytes of UTF-8 that a step on the way changed: a0 made a space, or a byte without a character lost. `1a` stands for a
// lost byte. After ftfy 6.3.1 (see mojibake.h).
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

// Is there a space where a0 would complete a UTF-8 sequence of a likely character?
bool has_spaces_for_a0(std::string_view bytes);
// a0 in these places. A lone c3 and a space is taken for the word "a" with grave, and keeps its space.
std::string restore_byte_a0(std::string_view bytes);

// Sequences with a lost byte (or one `?`) that else would be UTF-8 become U+FFFD, and so does a lost byte on its own.
std::string replace_lossy_sequences(std::string_view bytes);

}  // namespace graft::text
