// A tokeniser for tests: each byte is an id, 'a' is 100, between 1 and 2; a pair follows, with types 1. 9 pads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/text/tokenizer.h"

namespace graft::data {

class LetterTokenizer final : public text::Tokenizer {
 public:
  LetterTokenizer() {
    using Kind = text::Frame::Part::Kind;
    frame_.single = {{Kind::kSpecial, 0, 1}, {Kind::kText, 0, 0}, {Kind::kSpecial, 0, 2}};
    frame_.pair = frame_.single;
    frame_.pair.insert(frame_.pair.end(), {{Kind::kPair, 1, 0}, {Kind::kSpecial, 1, 2}});
    pad_ = 9;
  }
  using text::Tokenizer::encode;
  std::vector<int32_t> encode(std::string_view text, text::Specials, bool) const override {
    std::vector<int32_t> ids;
    for (const char c : text)
      ids.push_back(100 + c - 'a');
    return ids;
  }
  std::string decode(std::span<const int32_t>) const override { return ""; }
  std::string spelling(int32_t) const override { return ""; }
  std::optional<int32_t> id_of(std::string_view) const override { return std::nullopt; }
  int vocabulary_size() const override { return 256; }
};

}  // namespace graft::data
