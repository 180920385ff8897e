#include "graft/text/added_token_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/tokenizer_component.h"

namespace graft::text {

using io::JsonObject;

AddedToken read_added_token(const JsonObject& json, int64_t id) {
  constexpr int64_t kMost = 1 << 24;
  if (id < 0 || id >= kMost) {
    throw FileError("tokenizer", "{}: an added token has the id {}: expected 0 to {}.", json.file(), id, kMost - 1);
  }
  AddedToken token{json.need<std::string>("content"), static_cast<int32_t>(id),  json.get("special", false),
                   json.get("single_word", false),    json.get("lstrip", false), json.get("rstrip", false),
                   json.get("normalized", true)};
  json.refuse_unread("tokenizer", kUnknownSetting);
  return token;
}

std::vector<AddedToken> added_tokens_of(const JsonObject& config) {
  const auto entries = config.object("added_tokens_decoder");
  std::vector<std::pair<int64_t, std::string>> by_id;
  for (const auto& key : entries.keys()) {
    if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != std::string::npos) {
      throw FileError("tokenizer", "{}: added_tokens_decoder: expected ids as keys, got '{}'.", config.file(), key);
    }
    by_id.emplace_back(std::stoll(key), key);
  }
  std::sort(by_id.begin(), by_id.end());
  std::vector<AddedToken> tokens;
  for (const auto& [id, key] : by_id)
    tokens.push_back(read_added_token(entries.object(key), id));
  return tokens;
}

}  // namespace graft::text
