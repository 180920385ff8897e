// Undo mojibake: text that was UTF-8 and was read in a single-byte encoding, once or several times, whole or in parts.
// After ftfy's fix_encoding (Speer 2019, version 6.3.1; Apache-2.0), re-implemented from what it does.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

std::u32string fix_encoding(std::u32string_view text);

// Control characters 80 to 9f as Windows-1252 shows them, which is what their bytes were meant to be.
std::u32string fix_c1_controls(std::u32string_view text);

}  // namespace graft::text
