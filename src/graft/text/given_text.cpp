#include "graft/text/given_text.h"

#include "graft/core/error.h"
#include "graft/text/utf8.h"

namespace graft::text {

std::string quoted_start(std::string_view text) {
  constexpr size_t kShown = 60;
  const std::u32string start = decode_utf8(text.substr(0, 4 * kShown)).substr(0, kShown);
  const std::string shown = encode_utf8(start);
  return shown.size() < text.size() ? fmt::format("'{}...'", shown) : fmt::format("'{}'", shown);
}

std::u32string decoded(std::string_view text) {
  const size_t valid = valid_utf8_prefix(text);
  if (valid != text.size()) {
    throw DataError(
        "tokenizer",
        "byte {:#04x} at position {} of the text that begins {} is not UTF-8. Convert it, for example with iconv.",
        static_cast<unsigned char>(text[valid]), valid, quoted_start(text.substr(0, valid)));
  }
  return decode_utf8(text);
}

}  // namespace graft::text
