// sentencepiece's compiled rules of which characters become which others (precompiled_charsmap): a trie over UTF-8 as
// the double array of Darts (Aoe 1989, doi:10.1109/32.31365), and the replacements that its leaves point to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft::text {

class CharacterMap {
 public:
  // `file` is for errors: bytes that are no such map, or whose trie leads outside itself, are a ModelError.
  CharacterMap(std::string_view bytes, const std::string& file);

  struct Rule {
    size_t length;  // bytes of the text that it replaces
    std::string_view becomes;
  };
  // The rules whose left sides `text` begins with: the longest, and the shortest.
  std::optional<Rule> longest(std::string_view text) const;
  std::optional<Rule> shortest(std::string_view text) const;

 private:
  template <class Visit>  // visit(rule) is true to go on
  void each(std::string_view text, const Visit& visit) const;

  std::vector<uint32_t> units_;
  std::string replacements_;  // each ends in NUL
};

}  // namespace graft::text
