// Byte-pair encoding as sentencepiece has it (Kudo and Richardson 2018, arXiv:1808.06226): no list of merges, but a
// score for each piece. Neighbours join if they spell a piece, those of the highest score first, of equal ones the
// leftmost.
#pragma once

#include <unordered_map>

#include "graft/text/prefix_index.h"
#include "graft/text/sentence_pieces.h"
#include "graft/text/word_model.h"

namespace graft::text {

class ScoredPairs : public WordModel {
 public:
  // `model` with one score and one kind a piece, its pieces in `vocabulary`. `unknown` stands for a run of characters
  // that no piece spells, where there are no byte tokens.
  ScoredPairs(Vocabulary vocabulary, const SentencePieces& model, std::optional<int32_t> unknown);
  void encode(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  struct Joining;
  std::optional<int32_t> piece(std::string_view text) const;  // of those that text may become

  std::vector<float> scores_;     // [id]
  std::vector<PieceKind> kinds_;  // [id]
  PrefixIndex user_defined_;      // found whole before anything joins
  std::optional<int32_t> unknown_;
  bool byte_fallback_;
};

}  // namespace graft::text
