// Regular expressions as answers are cut out with them: what Python's `re` finds, for the part of its language that has
// no memory (no references back, nothing looked ahead or behind). The machine follows all ways through the expression
// at once (Thompson 1968; with groups, Pike's), so a long answer takes time in proportion to its length and no stack.
// One thing is found otherwise than by Python: a group that is repeated and may match nothing, as in `(a*)*`, keeps
// what it matched last that was something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft::prompting {

class Pattern {
 public:
  // Understood: literals, `.`, classes `[^a-z\d]`, `\d \D \w \W \s \S \b \B \A \Z`, `\n \t \r \f \v \xhh \uhhhh`, `^
  // $`,
  // `( )`, `(?: )`, `|`, `* + ? {m} {m,} {m,n}` and these with `?`, and the flags `(?i) (?s) (?m)` at the very
  // beginning. ConfigError at `where` for anything else, by name.
  Pattern(std::string_view expression, std::string_view where);

  // re.findall, from left to right: of each match its groups ("" for one that took no part), or all of it where there
  // are none.
  std::vector<std::vector<std::string>> find_all(std::string_view text) const;
  std::string removed_from(std::string_view text) const;  // re.sub(pattern, "", text)

  // One step of the machine, for the compiler in pattern.cpp.
  struct Set {
    std::vector<std::pair<char32_t, char32_t>> ranges = {};
    std::u32string kinds = {};  // of "dDwWsS"
    bool negated = false;
  };
  struct Step {
    enum class Kind { one_of, any, either, go, save, assertion, match } kind;
    uint32_t first = 0, second = 0;  // where to go on: `either` prefers the first; of one_of the set; of save the slot
    char32_t assertion = 0;          // of "^$bBAZ"
  };

 private:
  struct Place {  // in the text, and what the groups hold
    size_t begin = 0, end = 0;
    std::vector<std::optional<size_t>> slots;
  };
  std::optional<Place> search(std::u32string_view text, size_t from, bool must_advance) const;
  std::vector<Place> places(std::u32string_view text) const;
  bool holds(char32_t assertion, std::u32string_view text, size_t at) const;
  bool is_in(const Set& set, char32_t c) const;

  std::vector<Step> steps_;
  std::vector<Set> sets_;
  size_t groups_ = 0;
  bool ignores_case_ = false, dot_takes_all_ = false, lines_ = false;
};

}  // namespace graft::prompting
