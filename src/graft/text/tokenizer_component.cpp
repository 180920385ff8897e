#include "graft/text/tokenizer_component.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"
#include "graft/text/split_patterns.h"
#include "graft/text/utf8.h"

namespace graft::text {

void refuse_component(const io::JsonObject& json, std::string_view kind, std::string_view type,
                      std::string_view known) {
  throw ModelError("tokenizer", "{}: {}: the {} '{}' is not known here: expected one of {}.", json.file(),
                   json.name_of("type"), kind, type, known);
}

FindMatches read_pattern(const io::JsonObject& json) {
  const auto pattern = json.object("pattern");
  if (const auto literal = pattern.find<std::string>("String")) {
    if (literal->empty()) pattern.refuse(pattern.name_of("String"), "a text that is not empty", &pattern.raw("String"));
    return find_literal(decode_utf8(*literal));
  }
  const auto expression = pattern.need<std::string>("Regex");
  auto find = find_pattern(expression);
  if (!find) {
    throw ModelError("tokenizer", "{}: {}: the expression '{}' is not known here: expected one of '{}'.", json.file(),
                     pattern.name_of("Regex"), expression, fmt::join(known_patterns(), "', '"));
  }
  return find;
}

}  // namespace graft::text
