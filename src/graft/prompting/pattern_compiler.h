// The expression as it is written, made the steps of Pattern's machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graft/prompting/pattern.h"

namespace graft::prompting {

struct CompiledPattern {
  std::vector<Pattern::Step> steps = {};
  std::vector<Pattern::Set> sets = {};
  size_t groups = 0;
  std::u32string flags = {};  // of "ims"
};
CompiledPattern compile_pattern(std::string_view expression, std::string_view where);

}  // namespace graft::prompting
