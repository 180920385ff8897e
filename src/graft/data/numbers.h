// Numbers that a cell or a word holds whole, as people write them in tables and lists.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace graft::data {

std::optional<std::int64_t> whole_number(std::string_view text);
// Finite, 0 or more, without a sign.
std::optional<double> number_from_zero(std::string_view text);

}  // namespace graft::data
