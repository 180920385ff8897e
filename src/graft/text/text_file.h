// Text files as people have them: with a byte order mark, in UTF-16, with the line ends of any system. What comes out
// is UTF-8 with '\n'. Anything that is no text, or whose encoding cannot be told, is refused with its line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace graft::text {

// FileError for a file that is not there, a folder, or one that cannot be read; DataError as decode_text().
std::string read_text_file(const std::filesystem::path& file);

// `name` is for errors: "names.txt:3: ...".
std::string decode_text(std::string_view bytes, std::string_view name);

// Without white space at either end: Unicode's, and what invisible characters text carries there.
std::string_view trimmed(std::string_view text);

// The lines, each trimmed, without blank ones.
std::vector<std::string> trimmed_lines(std::string_view text);

// A name as it is kept and compared: trimmed, in normal form C. `text` is UTF-8.
std::string normal_name(std::string_view text);

}  // namespace graft::text
