// Byte-pair encoding over bytes as CLIP uses it: a word's bytes, the last one marked as the word's end, joined pair by
// pair. Ids follow from the order of the merges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graft/text/pair_merges.h"

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
  std::vector<std::string> bytes_;  // [id]
  int32_t byte_ids_[256];
  PairMerges merges_;  // a token's id is its rank: a lower one joins first
};

}  // namespace graft::text
