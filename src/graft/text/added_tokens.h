// Tokens that are found in a text before anything is split: the special ones, and words that were added to a vocabulary
// after training. Of several that begin at one place the longest counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graft/text/normalizer.h"

namespace graft::text {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool special = false;
  bool single_word = false;             // not inside a longer word
  bool lstrip = false, rstrip = false;  // takes the blanks before, after it
  bool normalized = false;              // found in the normalised text, not in the text as written
};

class AddedTokens {
 public:
  AddedTokens() = default;
  AddedTokens(std::vector<AddedToken> tokens, const TextStep& normalizer);

  enum class Stage { kAsWritten, kNormalized };
  struct Part {
    std::u32string_view text;
    const AddedToken* token;  // null: text that is none
  };
  std::vector<Part> split(std::u32string_view text, Stage stage) const;
  const AddedToken* find(int32_t id) const;
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  struct Pattern {
    std::u32string text;
    size_t token;
  };
  using Patterns = std::unordered_map<char32_t, std::vector<Pattern>>;  // by first character, the longest first

  std::vector<AddedToken> tokens_;
  std::unordered_map<int32_t, size_t> places_;  // id -> in tokens_
  Patterns as_written_, normalized_;
};

}  // namespace graft::text
