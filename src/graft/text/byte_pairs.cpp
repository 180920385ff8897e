#include "graft/text/byte_pairs.h"

#include <unordered_map>

#include "graft/core/error.h"
#include "graft/text/byte_alphabet.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

constexpr std::string_view kWordEnd = "</w>";

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
  const auto& alphabet = ByteAlphabet::get();
  for (const std::string_view end : {std::string_view(), kWordEnd}) {
    for (const unsigned char byte : alphabet.order) {
      if (end.empty()) byte_ids_[byte] = size();
      add(encode_utf8({&alphabet.letters[byte], 1}).append(end), std::string(1, static_cast<char>(byte)).append(end));
    }
  }

  std::string_view rest = merges;
  next_line(rest);  // the comment
  const size_t with_all = static_cast<size_t>(size()) + limit;
  for (size_t number = 2; bytes_.size() < with_all && !rest.empty(); ++number) {
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
    if (!merges_.has(first, second)) merges_.add(first, second, size(), size());
    add(left->first + right->first, bytes_[static_cast<size_t>(first)] + bytes_[static_cast<size_t>(second)]);
  }
}

std::string BytePairs::spelling(int32_t id) const {
  std::u32string letters;
  for (const char byte : bytes(id))
    letters += ByteAlphabet::get().letters[static_cast<unsigned char>(byte)];
  return encode_utf8(letters);
}

void BytePairs::encode(std::string_view word, std::vector<int32_t>& ids) const {
  if (word.empty()) return;
  std::vector<int32_t> symbols;
  symbols.reserve(word.size());
  for (const char byte : word)
    symbols.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
  symbols.back() += 256;  // the same byte at a word's end
  merges_.join(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace graft::text
