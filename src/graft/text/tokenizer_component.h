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
char32_t read_character(const io::JsonObject& json, const char* key);  // a text of one

// Blanks as marks, which sentencepiece's vocabularies have (U+2581), and a mark put before texts that have none.
struct Metaspace {
  enum class Where { kAlways, kFirst, kNever } where;  // before each piece, or only where the whole text begins
  char32_t mark;
  bool split;  // each mark begins a word
};
Metaspace read_metaspace(const io::JsonObject& json);

}  // namespace graft::text
