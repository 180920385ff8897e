// Words for errors about names: the nearest known one, and a list of what is known.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

// The known name with the smallest edit distance (a swap of neighbours counts one), if it is near enough to be a
// misspelling: at most a third of the longer word, and at least one letter shared.
std::optional<std::string> nearest_name(std::string_view typed, const std::vector<std::string>& known);

// "no method 'lroa'. Did you mean 'lora'? Known: adapter, bias, lora." for what = "method".
std::string unknown_name(std::string_view what, std::string_view typed, const std::vector<std::string>& known);

}  // namespace graft
