// What the readers of a tokenizer.json's components share.
#pragma once

#include <string>
#include <string_view>

#include "graft/io/json_object.h"
#include "graft/text/pieces.h"

namespace graft::text {

inline constexpr std::string_view kUnknownSetting = "It may change the ids. Use a tokenizer without it.";

// ModelError: file: `where.type` is `type`, known are `known`.
[[noreturn]] void refuse_component(const io::JsonObject& json, std::string_view kind, std::string_view type,
                                   std::string_view known);
// Of {"pattern": {"String": "..."}} or {"pattern": {"Regex": "..."}}: the latter only where split_patterns.h has it.
FindMatches read_pattern(const io::JsonObject& json);

}  // namespace graft::text
