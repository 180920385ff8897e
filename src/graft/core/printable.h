// Names and messages as a terminal can show them. A file's name is bytes: it may hold line breaks, escape sequences and
// what is no UTF-8, and a terminal that is sent those does as they say.
#pragma once

#include <string>
#include <string_view>

namespace graft {

bool is_utf8(std::string_view text);

// In one line: control characters and bytes that are no UTF-8 become escapes ("\n", "\x1b").
std::string printable(std::string_view text);

// The same for a message of several lines: line breaks and tabs stay.
std::string printable_lines(std::string_view text);

// A word that a shell reads back as `text`: as it is where that is safe, else quoted.
std::string shell_quoted(std::string_view text);

// The same for a path that is typed after a command: one that would be taken for an option stands as "./-x" or "./a=b".
std::string shell_path(std::string_view path);

}  // namespace graft
