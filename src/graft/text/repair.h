// Text repaired as ftfy.fix_text does by default (Speer 2019, version 6.3.1; Apache-2.0), re-implemented from what it
// does: entities, mojibake, ligatures, character width, curly quotes, line breaks, terminal escapes, control
// characters, normal form C, over and over until nothing changes. Surrogates, which it also mends, cannot occur in a
// u32string here.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

std::u32string repair(std::u32string_view text);

}  // namespace graft::text
