#include "graft/text/merged_pieces.h"

#include "graft/core/error.h"
#include "graft/text/byte_tokens.h"

namespace graft::text {

MergedPieces::MergedPieces(Vocabulary pieces, const std::vector<Merge>& merges, Settings settings)
    : WordModel(std::move(pieces)), settings_(std::move(settings)) {
  const auto id_of = [&](const std::string& token, size_t line) {
    const auto id = vocabulary().find(token);
    if (!id) {
      throw ModelError("tokenizer", "merge {} needs the token '{}', which the vocabulary lacks. Are both of one model?",
                       line, token);
    }
    return *id;
  };
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto& [left, right] = merges[i];
    if (right.size() < settings_.inside_prefix.size()) {
      throw ModelError("tokenizer", "merge {} has '{}' on its right: expected it to begin with '{}'.", i + 1, right,
                       settings_.inside_prefix);
    }
    merges_.add(id_of(left, i + 1), id_of(right, i + 1), static_cast<int32_t>(i),
                id_of(left + right.substr(settings_.inside_prefix.size()), i + 1));
  }
  if (!settings_.unknown.empty()) {
    unknown_ = vocabulary().find(settings_.unknown);
    if (!unknown_) {
      throw ModelError("tokenizer", "the vocabulary lacks the unknown token '{}'. Is it of this model?",
                       settings_.unknown);
    }
  }
}

void MergedPieces::encode(std::string_view word, std::vector<int32_t>& ids) const {
  if (settings_.whole_words_first) {
    if (const auto whole = vocabulary().find(word)) return ids.push_back(*whole);
  }
  std::vector<int32_t> symbols;
  symbols.reserve(word.size());
  std::string character;
  bool pending = false;  // an unknown character that waits to be fused with the next
  for (size_t begin = 0, end = 0; begin < word.size(); begin = end) {
    end = begin + 1;
    while (end < word.size() && (static_cast<unsigned char>(word[end]) & 0xc0) == 0x80)
      ++end;
    character.clear();
    if (begin > 0) character = settings_.inside_prefix;
    character += word.substr(begin, end - begin);
    if (end == word.size()) character += settings_.end_suffix;
    if (const auto id = vocabulary().find(character)) {
      if (pending) symbols.push_back(*unknown_);
      pending = false;
      symbols.push_back(*id);
    } else if (!(settings_.byte_fallback && append_byte_tokens(vocabulary(), character, symbols)) && unknown_) {
      if (pending && !settings_.fuse_unknown) symbols.push_back(*unknown_);
      pending = true;
    }
  }
  if (pending) symbols.push_back(*unknown_);
  merges_.join(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace graft::text
