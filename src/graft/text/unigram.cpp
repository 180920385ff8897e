#include "graft/text/unigram.h"

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/byte_tokens.h"
#include "graft/text/given_text.h"
#include "graft/text/utf8.h"

namespace graft::text {

Unigram::Unigram(Vocabulary tokens, const std::vector<Piece>& pieces, Settings settings)
    : WordModel(std::move(tokens)), settings_(settings), scores_(static_cast<size_t>(vocabulary().end())) {
  std::vector<PrefixIndex::Entry> entries;
  entries.reserve(pieces.size());
  for (const auto& [id, score] : pieces) {
    scores_[static_cast<size_t>(id)] = score;
    entries.push_back({*vocabulary().token(id), id});
  }
  pieces_ = PrefixIndex(std::move(entries));
}

void Unigram::encode(std::string_view word, std::vector<int32_t>& ids) const {
  constexpr int32_t kUnknown = -1;
  constexpr size_t kNowhere = static_cast<size_t>(-1);
  struct Best {  // way to write the word up to one of its bytes
    double score = 0;
    int32_t last = kUnknown;  // its last piece
    size_t begin = kNowhere;  // where that begins
  };
  std::vector<Best> best(word.size() + 1);
  for (size_t at = 0; at < word.size();) {
    const double so_far = best[at].score;
    const size_t character = std::min(utf8_length(word[at]), word.size() - at);
    bool has_character = false;
    const auto offer = [&](size_t length, int32_t id, double sum) {
      auto& target = best[at + length];
      const double score = settings_.single_precision ? static_cast<float>(sum) : sum;
      if (target.begin == kNowhere || score > target.score) target = {score, id, at};
    };
    pieces_.each(word.substr(at), [&](size_t length, int32_t id) {
      offer(length, id, so_far + scores_[static_cast<size_t>(id)]);
      has_character = has_character || length == character;
    });
    if (!has_character) offer(character, kUnknown, so_far + settings_.unknown_score);
    at += character;
  }

  struct Part {
    size_t begin, end;
    int32_t id;
  };
  std::vector<Part> parts;  // backwards, neighbours that are unknown as one
  for (size_t end = word.size(); end > 0;) {
    const auto& [score, id, begin] = best[end];
    if (id == kUnknown && !parts.empty() && parts.back().id == kUnknown)
      parts.back().begin = begin;
    else
      parts.push_back({begin, end, id});
    end = begin;
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->id == kUnknown)
      append_unknown(word.substr(part->begin, part->end - part->begin), ids);
    else
      ids.push_back(part->id);
  }
}

void Unigram::append_unknown(std::string_view text, std::vector<int32_t>& ids) const {
  if (settings_.byte_fallback && append_byte_tokens(vocabulary(), text, ids)) return;
  if (!settings_.unknown) {
    throw DataError("tokenizer", "{} has no piece in the vocabulary, and the tokenizer no unknown token.",
                    quoted_start(text));
  }
  ids.push_back(*settings_.unknown);
}

}  // namespace graft::text
