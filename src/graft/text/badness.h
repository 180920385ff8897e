// Does a text look like mojibake? Honest text hardly ever puts certain characters side by side: an accented small
// letter before a currency sign, say. The list of such neighbours is ftfy's (Speer, version 6.3.1).
#pragma once

#include <string_view>

namespace graft::text {

bool looks_garbled(std::u32string_view text);

}  // namespace graft::text
