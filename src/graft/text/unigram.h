// The unigram model (Kudo 2018, arXiv:1804.10959): of all ways to write a word as pieces of the vocabulary the one with
// the greatest sum of scores, found from left to right (Viterbi); of equal ones that whose last piece is longest.
#pragma once

#include "graft/text/prefix_index.h"
#include "graft/text/word_model.h"

namespace graft::text {

class Unigram : public WordModel {
 public:
  struct Settings {
    std::optional<int32_t> unknown;  // nullopt: a character without a piece is a DataError
    double unknown_score = 0;        // of one such character
    bool byte_fallback = false;      // what is unknown becomes its bytes, <0x00> to <0xFF>, where they are tokens
    // Sums are float32 as sentencepiece 0.2.3 has them, not float64 as in the `tokenizers` library: near ties differ.
    bool single_precision = false;
  };
  struct Piece {
    int32_t id;
    double score;
  };
  // `pieces` are those that text may become; the others of the vocabulary are never found in it.
  Unigram(Vocabulary vocabulary, const std::vector<Piece>& pieces, Settings settings);
  void encode(std::string_view word, std::vector<int32_t>& ids) const override;

 private:
  void append_unknown(std::string_view text, std::vector<int32_t>& ids) const;

  Settings settings_;
  std::vector<double> scores_;  // [id], of the pieces
  PrefixIndex pieces_;
};

}  // namespace graft::text
