#include "graft/text/byte_pairs.h"

#include <functional>
#include <queue>
#include <tuple>

#include "graft/core/error.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

constexpr std::string_view kWordEnd = "</w>";

bool is_printable(int byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
}

// GPT-2's order of the bytes: the printable ones of Latin-1 first, standing for themselves, then the rest as U+0100 on.
std::vector<int> bytes_in_order() {
  std::vector<int> order;
  for (const bool printable : {true, false}) {
    for (int byte = 0; byte < 256; ++byte) {
      if (is_printable(byte) == printable) order.push_back(byte);
    }
  }
  return order;
}

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

std::string_view next_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

BytePairs::BytePairs(std::string_view merges, size_t limit) {
  std::unordered_map<std::string, int32_t> ids;  // by the token as the file spells it
  const auto add = [&](std::string spelling, std::string bytes) {
    ids.emplace(std::move(spelling), size());
    bytes_.push_back(std::move(bytes));
  };
  ids.reserve(512 + limit);
  merges_.reserve(limit);
  const std::vector<int> order = bytes_in_order();
  for (const std::string_view end : {std::string_view(), kWordEnd}) {
    char32_t substitute = 0x100;
    for (const int byte : order) {
      byte_letters_[byte] = is_printable(byte) ? static_cast<char32_t>(byte) : substitute++;
      if (end.empty()) byte_ids_[byte] = size();
      add(encode_utf8({&byte_letters_[byte], 1}).append(end), std::string(1, static_cast<char>(byte)).append(end));
    }
  }

  std::string_view rest = merges;
  next_line(rest);  // the comment
  for (size_t number = 2; merges_.size() < limit && !rest.empty(); ++number) {
    const std::string_view line = next_line(rest);
    if (line.empty()) continue;
    const size_t space = line.find(' ');
    const auto left = ids.find(std::string(line.substr(0, space)));
    const auto right = space == std::string_view::npos ? ids.end() : ids.find(std::string(line.substr(space + 1)));
    if (left == ids.end() || right == ids.end()) {
      throw ModelError("tokenizer", "line {} of the merges is '{}': expected two tokens that the lines before it made.",
                       number, line);
    }
    const auto [first, second] = std::pair(left->second, right->second);
    merges_.emplace(pair_key(first, second), size());
    add(left->first + right->first, bytes_[static_cast<size_t>(first)] + bytes_[static_cast<size_t>(second)]);
  }
}

std::string BytePairs::spelling(int32_t id) const {
  std::u32string letters;
  for (const char byte : bytes(id))
    letters += byte_letters_[static_cast<unsigned char>(byte)];
  return encode_utf8(letters);
}

int32_t BytePairs::merged(int32_t left, int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? -1 : found->second;
}

// The pair found first in training joins first, and of equal pairs the leftmost. A queue gives that order because a
// token can only join after the line that made it.
void BytePairs::encode(std::string_view word, std::vector<int32_t>& ids) const {
  if (word.empty()) return;
  struct Symbol {
    int32_t id;  // -1: joined to the one before
    size_t before, after;
  };
  struct Pair {
    int32_t id;  // of the two as one
    size_t left;
    int32_t left_id, right_id;
    bool operator>(const Pair& other) const { return std::tie(id, left) > std::tie(other.id, other.left); }
  };
  const size_t length = word.size();
  std::vector<Symbol> symbols;
  symbols.reserve(length);
  for (size_t i = 0; i < length; ++i) {
    symbols.push_back({byte_ids_[static_cast<unsigned char>(word[i])], i - 1, i + 1});
  }
  symbols.back().id += 256;  // the same byte at a word's end

  std::priority_queue<Pair, std::vector<Pair>, std::greater<>> pairs;
  const auto consider = [&](size_t left) {
    if (left >= length || symbols[left].after >= length) return;
    const int32_t left_id = symbols[left].id, right_id = symbols[symbols[left].after].id;
    const int32_t id = merged(left_id, right_id);
    if (id >= 0) pairs.push({id, left, left_id, right_id});
  };
  for (size_t i = 0; i + 1 < length; ++i)
    consider(i);
  while (!pairs.empty()) {
    const Pair best = pairs.top();
    pairs.pop();
    Symbol& left = symbols[best.left];
    if (left.id != best.left_id || left.after >= length || symbols[left.after].id != best.right_id) continue;  // stale
    Symbol& right = symbols[left.after];
    left.id = best.id;
    right.id = -1;
    left.after = right.after;
    if (left.after < length) symbols[left.after].before = best.left;
    consider(left.before);
    consider(best.left);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace graft::text
