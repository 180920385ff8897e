#include "graft/text/byte_tokens.h"

#include <fmt/format.h>

#include <charconv>

namespace graft::text {

std::optional<unsigned char> byte_of_token(std::string_view token) {
  constexpr size_t kLength = 6;
  unsigned char byte = 0;
  if (token.size() != kLength || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  const char* const end = token.data() + kLength - 1;
  if (const auto [stop, error] = std::from_chars(token.data() + 3, end, byte, 16); error != std::errc() || stop != end)
    return std::nullopt;
  return byte;
}

bool append_byte_tokens(const Vocabulary& vocabulary, std::string_view text, std::vector<int32_t>& ids) {
  const size_t before = ids.size();
  for (const char byte : text) {
    const auto id = vocabulary.find(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte)));
    if (!id) {
      ids.resize(before);
      return false;
    }
    ids.push_back(*id);
  }
  return true;
}

}  // namespace graft::text
