// Regular expressions as answers are cut out with them, as Python's `re` reads and finds them. PCRE2 matches; what the
// two read differently is translated (\Z, \s, \uhhhh) or refused by name.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graft::prompting {

class Pattern {
 public:
  // ConfigError at `where` for what Python would not read, or would read otherwise.
  Pattern(std::string_view expression, std::string_view where);

  // re.findall, from left to right: of each match its groups ("" for one that took no part), or all of it where there
  // are none. DataError where an expression tries more ways through the text than PCRE2 allows (10 million steps).
  std::vector<std::vector<std::string>> find_all(std::string_view text) const;
  std::string removed_from(std::string_view text) const;  // re.sub(pattern, "", text)

 private:
  struct Code;
  // Of each match the ends of all and of its groups in the text, begin after begin and end after end.
  std::vector<std::vector<std::size_t>> places(const std::string& text) const;
  std::shared_ptr<const Code> code_;
};

}  // namespace graft::prompting
