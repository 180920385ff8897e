#include "graft/text/scored_pairs.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/byte_tokens.h"
#include "graft/text/given_text.h"
#include "graft/text/utf8.h"

namespace graft::text {

ScoredPairs::ScoredPairs(Vocabulary tokens, const SentencePieces& model, std::optional<int32_t> unknown)
    : WordModel(std::move(tokens)),
      scores_(model.scores),
      kinds_(model.kinds),
      user_defined_(user_defined_pieces(model)),
      unknown_(unknown),
      byte_fallback_(model.byte_fallback) {}

std::optional<int32_t> ScoredPairs::piece(std::string_view text) const {
  const auto id = vocabulary().find(text);
  return id && may_be_text(kinds_[static_cast<size_t>(*id)]) ? id : std::nullopt;
}

// One text on its way to pieces.
struct ScoredPairs::Joining {
  struct Symbol {
    std::string_view text;  // empty: joined to the one before
    size_t before, after;
    bool whole;  // user-defined: joins with nothing
  };
  struct Candidate {
    float score;
    size_t left, length;
    bool operator<(const Candidate& other) const {  // of a queue whose top is the greatest
      return score < other.score || (score == other.score && left > other.left);
    }
  };

  explicit Joining(const ScoredPairs& model, std::string_view text) : model(model) {
    for (size_t at = 0; at < text.size();) {
      const size_t user_defined = model.user_defined_.longest(text.substr(at));
      const size_t length = user_defined > 0 ? user_defined : utf8_length(text[at]);
      symbols.push_back({text.substr(at, length), symbols.size() - 1, symbols.size() + 1, user_defined > 0});
      at += length;
    }
  }

  void consider(size_t left) {
    if (left >= symbols.size() || symbols[left].after >= symbols.size()) return;
    const Symbol& first = symbols[left];
    const Symbol& second = symbols[first.after];
    if (first.whole || second.whole) return;
    const std::string_view both(first.text.data(), first.text.size() + second.text.size());
    const auto id = model.piece(both);
    if (!id) return;
    candidates.push({model.scores_[static_cast<size_t>(*id)], left, both.size()});
    if (model.kinds_[static_cast<size_t>(*id)] == PieceKind::kUnused) halves[both] = first.text.size();
  }

  void join() {
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
      consider(i);
    while (!candidates.empty()) {
      const Candidate best = candidates.top();
      candidates.pop();
      Symbol& left = symbols[best.left];
      if (left.text.empty() || left.after >= symbols.size()) continue;
      Symbol& right = symbols[left.after];
      if (left.text.size() + right.text.size() != best.length) continue;  // one of them has grown since
      left.text = {left.text.data(), best.length};
      right.text = {};
      left.after = right.after;
      if (right.after < symbols.size()) symbols[right.after].before = best.left;
      consider(left.before);
      consider(best.left);
    }
  }

  const ScoredPairs& model;
  std::vector<Symbol> symbols;
  std::priority_queue<Candidate> candidates;
  std::unordered_map<std::string_view, size_t> halves;  // an unused piece -> the length of the left of its two halves
};

void ScoredPairs::encode(std::string_view text, std::vector<int32_t>& ids) const {
  Joining joining(*this, text);
  joining.join();
  bool unknown_before = false;
  std::vector<std::string_view> pending;  // what is left to write of one symbol, the last first
  for (const auto& symbol : joining.symbols) {
    if (!symbol.text.empty()) pending.push_back(symbol.text);
    while (!pending.empty()) {
      const std::string_view part = pending.back();
      pending.pop_back();
      const auto id = piece(part);
      if (id && kinds_[static_cast<size_t>(*id)] == PieceKind::kUnused) {
        if (const auto half = joining.halves.find(part); half != joining.halves.end()) {
          pending.push_back(part.substr(half->second));
          pending.push_back(part.substr(0, half->second));
          continue;
        }
      }
      if (id) {
        ids.push_back(*id);
      } else if (!(byte_fallback_ && append_byte_tokens(vocabulary(), part, ids)) && !unknown_before) {
        if (!unknown_) {
          throw DataError("tokenizer", "{} has no piece in the vocabulary, and the tokenizer no unknown token.",
                          quoted_start(part));
        }
        ids.push_back(*unknown_);
      }
      unknown_before = !id;
    }
  }
}

}  // namespace graft::text
