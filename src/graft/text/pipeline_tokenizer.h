// The tokeniser that a tokenizer.json describes, run in the order of the `tokenizers` library: added tokens are found
// in the text as written, the rest is normalised, added tokens are found in that, the rest falls into words, and each
// word into the pieces of the model.
#pragma once

#include "graft/io/json_object.h"
#include "graft/text/added_tokens.h"
#include "graft/text/pieces.h"
#include "graft/text/token_decoder.h"
#include "graft/text/tokenizer.h"
#include "graft/text/word_cache.h"
#include "graft/text/word_model.h"

namespace graft::text {

class PipelineTokenizer : public Tokenizer {
 public:
  // `json` is the tokenizer.json, `config` the tokenizer_config.json beside it or an empty object: it names the special
  // tokens. What is not understood is a ModelError that names it.
  PipelineTokenizer(const io::JsonObject& json, const io::JsonObject& config);

  using Tokenizer::encode;
  std::vector<int32_t> encode(std::string_view text) const override;
  std::string decode(std::span<const int32_t> ids) const override;
  std::string spelling(int32_t id) const override;
  int vocabulary_size() const override { return size_; }

 private:
  void append_words(std::u32string text, std::vector<int32_t>& ids) const;
  std::optional<int32_t> find(std::string_view token) const;
  void read_added_tokens(const io::JsonObject& json, const io::JsonObject& config);
  void read_lengths(const io::JsonObject& json, const io::JsonObject& config);
  void read_special_names(const io::JsonObject& config);
  void check_frame(const std::string& file) const;

  TextStep normalizer_;  // may be empty
  std::vector<PieceStep> words_;
  std::unique_ptr<const WordModel> model_;
  AddedTokens added_;
  TokenDecoder decoder_;
  int size_ = 0;
  mutable WordCache cache_;
};

}  // namespace graft::text
