// HTML's character references in plain text, such as `&amp;`, `&#8217;` and `&eacute`.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

// As a browser reads them, and Python's html.unescape: old names also without their semicolon, `&notit;` as `&not` +
// `it;`, Windows-1252 for numbers 128 to 159, U+FFFD for what is no character and nothing for the forbidden ones.
std::u32string unescape_html(std::u32string_view text);

// As ftfy reads them, which must not mistake `this&not that`: only closed ones, but names also in capitals
// (`&EACUTE;`).
std::u32string unescape_closed_entities(std::u32string_view text);

}  // namespace graft::text
