// WordPiece (Wu et al. 2016, arXiv:1609.08144) as BERT reads it: a word from left to right, each time the longest piece
// of the vocabulary that fits; pieces inside a word carry a prefix. A word that does not come out even is one [UNK].
#pragma once

#include <string>

#include "graft/text/word_model.h"

namespace graft::text {

class WordPiece : public WordModel {
 public:
  struct Settings {
    std::string unknown = "[UNK]", prefix = "##";
    int64_t longest_word = 100;  // characters; a longer one is unknown
  };
  WordPiece(Vocabulary vocabulary, Settings settings);
  void encode(std::string_view word, std::vector<int32_t>& ids) const override;

 private:
  Settings settings_;
  int32_t unknown_;
};

}  // namespace graft::text
