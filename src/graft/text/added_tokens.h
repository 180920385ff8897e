// Tokens that are found in a text before anything is split: the special ones, and words that were added to a vocabulary
// after training. Of several that begin at one place the longest counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graft/text/normalizer.h"
#include "graft/text/tokenizer.h"

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
  // Special tokens as text: the place where one is found stays text, and no other token is looked for in it.
  std::vector<Part> split(std::u32string_view text, Stage stage, Specials specials) const;
  const AddedToken* find(int32_t id) const;
  const AddedToken* find(std::string_view content) const;
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  struct PatternHash {
    using is_transparent = void;
    size_t operator()(std::u32string_view text) const { return std::hash<std::u32string_view>()(text); }
  };
  // What is looked for, and by its first character the lengths that there are, the longest first.
  struct Patterns {
    std::unordered_map<std::u32string, size_t, PatternHash, std::equal_to<>> tokens;  // -> in tokens_
    std::unordered_map<char32_t, std::vector<size_t>> lengths;
    void add(std::u32string text, size_t token);
    std::pair<size_t, const size_t*> longest(std::u32string_view text) const;  // its length and token; null: none
  };

  std::vector<AddedToken> tokens_;
  std::unordered_map<int32_t, size_t> places_;       // id -> in tokens_
  std::unordered_map<std::string, size_t> spelled_;  // content -> in tokens_
  Patterns as_written_, normalized_;
};

}  // namespace graft::text
