// One HTML page that needs no network: style inside, light and dark by the reader's setting, readable without colour
// and by a screen reader, printable.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft::report {

using Facts = std::vector<std::pair<std::string, std::string>>;  // name, value

std::string escape(std::string_view text);
std::string base64(std::span<const std::byte> bytes);
std::string data_uri(std::span<const std::byte> image);  // image/jpeg, png or webp, told by its bytes

std::string section(std::string_view title, std::string_view body);
std::string facts_table(const Facts& facts);
std::string code_block(std::string_view text);  // what can be typed, with a button that copies it
std::string page(std::string_view title, std::string_view body);

// A share from 0 to 1 as a bar, with its 95 % interval as a line across the end.
std::string share_bar(double share, double low, double high);
std::string share_bar(double share);  // of which no interval is known

}  // namespace graft::report
