// A vocabulary of pieces that merges build from single characters: the BPE model of tokenizer.json, and of vocab.json
// with merges.txt.
#pragma once

#include <string>
#include <utility>

#include "graft/text/pair_merges.h"
#include "graft/text/word_model.h"

namespace graft::text {

class MergedPieces : public WordModel {
 public:
  struct Settings {
    std::string unknown;             // empty: an unknown character leaves no trace
    std::string inside_prefix;       // before a word's characters but the first
    std::string end_suffix;          // after a word's last character
    bool fuse_unknown = false;       // neighbours that are unknown become one
    bool byte_fallback = false;      // an unknown character becomes its bytes, <0x00> to <0xFF>, where they are known
    bool whole_words_first = false;  // a word that the vocabulary has is not taken apart
  };
  using Merge = std::pair<std::string, std::string>;
  MergedPieces(Vocabulary vocabulary, const std::vector<Merge>& merges, Settings settings);
  void encode(std::string_view word, std::vector<int32_t>& ids) const override;

 private:
  Settings settings_;
  PairMerges merges_;
  std::optional<int32_t> unknown_;
};

}  // namespace graft::text
