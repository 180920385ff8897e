#include "graft/text/added_tokens.h"

#include <algorithm>

#include "graft/text/characters.h"
#include "graft/text/utf8.h"

namespace graft::text {

using characters::is;
using enum characters::Class;

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const TextStep& normalizer) : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const auto& token = tokens_[i];
    places_.insert_or_assign(token.id, i);
    std::u32string text = decode_utf8(token.content);
    if (token.normalized && normalizer) text = normalizer(std::move(text));
    if (text.empty()) continue;
    (token.normalized ? normalized_ : as_written_)[text[0]].push_back({text, i});
  }
  for (auto* patterns : {&as_written_, &normalized_}) {
    for (auto& [first, same] : *patterns) {
      std::stable_sort(same.begin(), same.end(),
                       [](const Pattern& a, const Pattern& b) { return a.text.size() > b.text.size(); });
    }
  }
}

std::vector<AddedTokens::Part> AddedTokens::split(std::u32string_view text, Stage stage) const {
  std::vector<Part> parts;
  const Patterns& patterns = stage == Stage::kAsWritten ? as_written_ : normalized_;
  const auto pattern_at = [&](size_t at) -> const Pattern* {
    const auto same = patterns.find(text[at]);
    if (same == patterns.end()) return nullptr;
    for (const auto& pattern : same->second) {
      if (text.substr(at).starts_with(pattern.text)) return &pattern;
    }
    return nullptr;
  };
  size_t done = 0;  // up to here the text lies in parts
  for (size_t at = 0; at < text.size() && !patterns.empty();) {
    const Pattern* found = pattern_at(at);
    if (found == nullptr) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[found->token];
    size_t begin = at, end = at + found->text.size();
    at = end;
    const bool inside_word = (begin > 0 && is(text[begin - 1], kWord)) || (end < text.size() && is(text[end], kWord));
    if (token.single_word && inside_word) continue;
    while (token.lstrip && begin > done && is(text[begin - 1], kWhiteSpace))
      --begin;
    while (token.rstrip && end < text.size() && is(text[end], kWhiteSpace))
      ++end;
    if (done < begin) parts.push_back({text.substr(done, begin - done), nullptr});
    parts.push_back({text.substr(begin, end - begin), &token});
    done = end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), nullptr});
  return parts;
}

const AddedToken* AddedTokens::find(int32_t id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &tokens_[found->second];
}

}  // namespace graft::text
