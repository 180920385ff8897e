#include "graft/text/glyphs.h"

#include <algorithm>
#include <iterator>

#include "graft/text/unicode.h"

namespace graft::text::glyph {
namespace {

struct Member {
  char32_t character;
  uint32_t classes;
};
constexpr Member kMembers[] = {
#include "graft/text/tables/glyph_classes.inc"
};

uint32_t tabled_classes(char32_t c) {
  const auto found = std::lower_bound(std::begin(kMembers), std::end(kMembers), c,
                                      [](const Member& member, char32_t key) { return member.character < key; });
  return found != std::end(kMembers) && found->character == c ? found->classes : 0;
}

}  // namespace

uint32_t classes_of(char32_t c) {
  uint32_t classes = tabled_classes(c);
  if (c >= 'A' && c <= 'Z') classes |= kAsciiUpper;
  if (c >= 'a' && c <= 'z') classes |= kAsciiLower;
  if (is_space(c)) classes |= kSpace;
  if (is_word(c)) classes |= kWord;
  if (c == '\n') classes |= kLineBreak;
  return classes;
}

}  // namespace graft::text::glyph
