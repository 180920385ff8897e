// A text as the user gave it: read as UTF-8, and named in messages by its beginning.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

std::string quoted_start(std::string_view text);
// What is not UTF-8 is a DataError that says which byte.
std::u32string decoded(std::string_view text);

}  // namespace graft::text
