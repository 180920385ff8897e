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

char32_t read_character(const io::JsonObject& json, const char* key) {
  const auto characters = decode_utf8(json.need<std::string>(key));
  if (characters.size() != 1) json.refuse(json.name_of(key), "one character", &json.raw(key));
  return characters[0];
}

Metaspace read_metaspace(const io::JsonObject& json) {
  using Where = Metaspace::Where;
  Metaspace settings{Where::kAlways, read_character(json, "replacement"), json.get("split", true)};
  const auto scheme = json.get("prepend_scheme", std::string("always"));
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    throw ModelError("tokenizer", "{}: {} is '{}': expected always, first or never.", json.file(),
                     json.name_of("prepend_scheme"), scheme);
  }
  if (scheme != "always") settings.where = scheme == "first" ? Where::kFirst : Where::kNever;
  if (!json.get("add_prefix_space", true)) {  // of older files
    if (json.has("prepend_scheme") && settings.where != Where::kNever) {
      throw ModelError("tokenizer", "{}: {} is false and prepend_scheme '{}': expected 'never'.", json.file(),
                       json.name_of("add_prefix_space"), scheme);
    }
    settings.where = Where::kNever;
  }
  json.ignore({"str_rep"});
  return settings;
}

}  // namespace graft::text
