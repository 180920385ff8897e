// CLIP's tokeniser: text repaired as ftfy does it, HTML entities resolved twice, white space collapsed, lower case,
// split into words, bytes joined in pairs. Ids equal those of open_clip's SimpleTokenizer (Radford et al. 2021,
// openai/CLIP) for every text that is valid UTF-8. Padding is the caller's: OpenAI and open_clip fill the rows after
// the end with 0, Hugging Face's CLIPTokenizer with the end token; causal attention keeps either from mattering.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/text/tokenizer.h"

namespace graft::text {

struct Tokens {
  std::vector<int32_t> ids;  // [start, text..., end], no padding
  int end = 0;               // the row whose features stand for the text: that of the first end token
  bool cut = false;          // it was too long
};

class ClipTokenizer : public Tokenizer {
 public:
  // The 49,408 tokens of OpenAI's models, embedded in the library; read once, at the first call.
  static const ClipTokenizer& shared();

  // Another vocabulary, from the texts of a Hugging Face folder's merges.txt (first line a comment, then one pair a
  // line) and vocab.json. Without the latter the ids follow from the order of the lines as in OpenAI's: bytes, bytes at
  // a word's end, merges, start, end. The text is cleaned as above; Hugging Face leaves entities, and without ftfy
  // mojibake, alone.
  explicit ClipTokenizer(std::string_view merges, std::string_view vocabulary_json = {});
  ~ClipTokenizer() override;
  ClipTokenizer(ClipTokenizer&&) noexcept;

  using Tokenizer::encode;
  std::vector<int32_t> encode(std::string_view text, Specials specials, bool begins) const override;
  // Longer than `context_length` with start and end: a DataError, or cut so that the last id is the end token.
  Tokens tokenize(std::string_view text, int context_length, bool truncate) const;
  std::string decode(std::span<const int32_t> ids) const override;
  std::string spelling(int32_t id) const override;  // a word's end is a blank
  std::optional<int32_t> id_of(std::string_view spelling) const override;

  int32_t start() const;
  int32_t end() const;
  int vocabulary_size() const override;
  bool operator==(const ClipTokenizer& other) const;  // the same ids for every text

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft::text
