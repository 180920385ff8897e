#include "graft/text/character_map.h"

#include "graft/core/error.h"

namespace graft::text {
namespace {

// A unit of the double array: a node's offset to its children, the byte that leads to it, whether one of its children
// is a leaf; a leaf is a value.
struct Unit {
  uint32_t bits;
  uint32_t value() const { return bits & 0x7fffffff; }
  uint32_t label() const { return bits & 0x800000ff; }
  bool has_leaf() const { return (bits >> 8 & 1) != 0; }
  uint32_t offset() const { return (bits >> 10) << ((bits & 0x200) >> 6); }
};

uint32_t little_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
  return value;
}

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes, const std::string& file) {
  const size_t trie = bytes.size() < 4 ? 0 : little_endian(bytes);
  if (trie == 0 || trie % 4 != 0 || trie > bytes.size() - 4) {
    throw ModelError("tokenizer",
                     "{}: the character map says that its trie has {} bytes, there are {}: expected a multiple of 4 "
                     "that fits. Is the file whole?",
                     file, trie, bytes.size());
  }
  for (size_t at = 4; at < 4 + trie; at += 4)
    units_.push_back(little_endian(bytes.substr(at)));
  replacements_ = bytes.substr(4 + trie);
  replacements_ += '\0';
}

template <class Visit>
void CharacterMap::each(std::string_view text, const Visit& visit) const {
  const auto unit = [this](uint32_t node) { return Unit{node < units_.size() ? units_[node] : 0x80000000}; };
  uint32_t node = unit(0).offset();
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) return;  // the trie's keys end there
    node ^= byte;
    const Unit here = unit(node);
    if (here.label() != byte) return;
    node ^= here.offset();
    if (!here.has_leaf()) continue;
    const uint32_t value = unit(node).value();
    if (value >= replacements_.size()) return;
    if (!visit(Rule{i + 1, std::string_view(replacements_.c_str() + value)})) return;
  }
}

std::optional<CharacterMap::Rule> CharacterMap::longest(std::string_view text) const {
  std::optional<Rule> found;
  each(text, [&](const Rule& rule) {
    found = rule;
    return true;
  });
  return found;
}

std::optional<CharacterMap::Rule> CharacterMap::shortest(std::string_view text) const {
  std::optional<Rule> found;
  each(text, [&](const Rule& rule) {
    found = rule;
    return false;
  });
  return found;
}

}  // namespace graft::text
