// Bytes out of base64 (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace graft::text {

std::optional<std::string> decode_base64(std::string_view text);  // nullopt: it is none

}  // namespace graft::text
