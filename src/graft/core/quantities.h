// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace graft {

std::string format_count(int64_t count);  // "512", "36.9 k", "149.6 M"
std::string format_bytes(int64_t bytes);  // "812 B", "1.2 MB"
std::string percent(double share);        // 0.7042 -> "70.4 %"

// "4G", "900 MB", "2GiB"; ConfigError for anything else.
int64_t parse_bytes(std::string_view where, std::string_view option, const std::string& text);

}  // namespace graft
