// A tokeniser made of parts, run in the order of the `tokenizers` library: added tokens are found in the text as
// written, the rest is normalised, added tokens are found in that, the rest falls into words, and each word into the
// pieces of the model. What files describe becomes such parts: tokenizer_json.h, sentence_pieces.h, gguf_vocabulary.h.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/text/added_tokens.h"
#include "graft/text/pieces.h"
#include "graft/text/token_decoder.h"
#include "graft/text/tokenizer.h"
#include "graft/text/word_cache.h"
#include "graft/text/word_model.h"

namespace graft::text {

struct Pipeline {
  TextStep normalizer;           // may be empty
  std::vector<PieceStep> words;  // none: each text is one word
  std::unique_ptr<const WordModel> model;
  std::vector<AddedToken> added;
  TokenDecoder decoder;
  Frame frame;
  std::map<std::string, int32_t> special;  // as Tokenizer::special()
  int32_t pad = 0;
  bool pads_left = false;
  std::optional<int64_t> max_length;
};

class PipelineTokenizer : public Tokenizer {
 public:
  explicit PipelineTokenizer(Pipeline parts);

  using Tokenizer::encode;
  std::vector<int32_t> encode(std::string_view text, Specials specials, bool begins) const override;
  std::string decode(std::span<const int32_t> ids) const override;
  std::string spelling(int32_t id) const override;
  std::optional<int32_t> id_of(std::string_view spelling) const override;
  int vocabulary_size() const override { return size_; }

 private:
  void append_words(std::u32string text, bool begins, std::vector<int32_t>& ids) const;

  TextStep normalizer_;
  std::vector<PieceStep> words_;
  std::unique_ptr<const WordModel> model_;
  AddedTokens added_;
  TokenDecoder decoder_;
  int size_ = 0;
  mutable WordCache cache_;
};

}  // namespace graft::text
