// Modules by the checkpoint's names, as PEFT's configurations select them.
#pragma once

#include <string>
#include <vector>

namespace graft::methods::lora {

// target_modules and exclude_modules: names with commas between, each a whole name or its end behind a dot; what has
// any other letter than those of names is one regular expression, of whole names.
bool selects(const std::string& said, const std::string& module);

// A key of rank_pattern and alpha_pattern: a regular expression of the whole name, or of its end behind a dot.
// ModelError at "lora", "WHERE has ...", for one that graft does not read as Python does.
bool matches_pattern(const std::string& where, const std::string& pattern, const std::string& module);

// "q_proj=16": a pattern and its number.
struct PatternNumber {
  std::string pattern;
  double number = 0;
};
std::vector<PatternNumber> pattern_numbers(const std::string& option, const std::vector<std::string>& said);

}  // namespace graft::methods::lora
