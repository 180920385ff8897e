// Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) over bytes, as GPT-2 and CLIP use it: a word's bytes, the
// last one marked as the word's end, joined pair by pair in the order in which training found the pairs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace graft::text {

class BytePairs {
 public:
  // From the lines of a merges file, first line a comment, then `left right` in GPT-2's alphabet, in which each of the
  // 256 bytes is a printable character. At most `limit` merges are read. Ids: bytes, bytes at a word's end, merges.
  BytePairs(std::string_view merges, size_t limit);

  void encode(std::string_view word, std::vector<int32_t>& ids) const;  // appends
  int32_t size() const { return static_cast<int32_t>(bytes_.size()); }
  // The bytes of a token, with "</w>" after them at a word's end.
  std::string_view bytes(int32_t id) const { return bytes_[static_cast<size_t>(id)]; }
  bool operator==(const BytePairs& other) const { return bytes_ == other.bytes_ && merges_ == other.merges_; }
  std::string spelling(int32_t id) const;  // as the merges file and vocab.json spell it

 private:
  int32_t merged(int32_t left, int32_t right) const;  // -1: the two do not join

  std::vector<std::string> bytes_;  // [id]
  int32_t byte_ids_[256];
  char32_t byte_letters_[256];                    // GPT-2's alphabet
  std::unordered_map<uint64_t, int32_t> merges_;  // left << 32 | right -> id; a lower id joins first
};

}  // namespace graft::text
