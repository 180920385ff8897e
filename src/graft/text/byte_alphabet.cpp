#include "graft/text/byte_alphabet.h"

namespace graft::text {
namespace {

constexpr bool is_printable(int byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
}

ByteAlphabet make_alphabet() {
  ByteAlphabet alphabet{};
  size_t place = 0;
  char32_t substitute = 0x100;
  for (const bool printable : {true, false}) {
    for (int byte = 0; byte < 256; ++byte) {
      if (is_printable(byte) != printable) continue;
      alphabet.order[place++] = static_cast<unsigned char>(byte);
      alphabet.letters[static_cast<size_t>(byte)] = printable ? static_cast<char32_t>(byte) : substitute++;
    }
  }
  return alphabet;
}

}  // namespace

const ByteAlphabet& ByteAlphabet::get() {
  static const ByteAlphabet alphabet = make_alphabet();
  return alphabet;
}

std::optional<unsigned char> ByteAlphabet::byte_of(char32_t letter) const {
  if (letter < 0x100) {
    if (!is_printable(static_cast<int>(letter))) return std::nullopt;
    return static_cast<unsigned char>(letter);
  }
  constexpr size_t kPrintable = 188;
  const size_t place = kPrintable + (letter - 0x100);
  if (place >= order.size()) return std::nullopt;
  return order[place];
}

}  // namespace graft::text
