#include "graft/text/added_tokens.h"

#include <algorithm>
#include <functional>

#include "graft/text/characters.h"
#include "graft/text/utf8.h"

namespace graft::text {

using characters::is;
using enum characters::Class;

void AddedTokens::Patterns::add(std::u32string text, size_t token) {
  if (text.empty()) return;
  auto& known = lengths[text[0]];
  const auto place = std::lower_bound(known.begin(), known.end(), text.size(), std::greater<>());
  if (place == known.end() || *place != text.size()) known.insert(place, text.size());
  tokens.emplace(std::move(text), token);
}

std::pair<size_t, const size_t*> AddedTokens::Patterns::longest(std::u32string_view text) const {
  const auto known = lengths.find(text[0]);
  if (known == lengths.end()) return {0, nullptr};
  for (const size_t length : known->second) {
    if (length > text.size()) continue;
    if (const auto found = tokens.find(text.substr(0, length)); found != tokens.end()) return {length, &found->second};
  }
  return {0, nullptr};
}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const TextStep& normalizer) : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const auto& token = tokens_[i];
    places_.insert_or_assign(token.id, i);
    spelled_.emplace(token.content, i);
    std::u32string text = decode_utf8(token.content);
    if (token.normalized && normalizer) text = normalizer(std::move(text));
    (token.normalized ? normalized_ : as_written_).add(std::move(text), i);
  }
}

std::vector<AddedTokens::Part> AddedTokens::split(std::u32string_view text, Stage stage, Specials specials) const {
  std::vector<Part> parts;
  const Patterns& patterns = stage == Stage::kAsWritten ? as_written_ : normalized_;
  size_t done = 0;  // up to here the text lies in parts
  for (size_t at = 0; at < text.size() && !patterns.tokens.empty();) {
    const auto [length, found] = patterns.longest(text.substr(at));
    if (found == nullptr) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[*found];
    size_t begin = at, end = at + length;
    at = end;
    if (token.special && specials == Specials::kAsText) continue;
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

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = spelled_.find(std::string(content));
  return found == spelled_.end() ? nullptr : &tokens_[found->second];
}

}  // namespace graft::text
