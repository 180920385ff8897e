// The odd strings of tests/golden/make/tokenizers.py, made again: pieces of fragments.json and random characters of all
// planes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/text/utf8.h"

namespace graft::text {

class OddStrings {
 public:
  explicit OddStrings(std::vector<std::string> fragments) : fragments_(std::move(fragments)) {}

  uint64_t below(uint64_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % n;
  }

  std::string next() {
    std::string text;
    for (uint64_t parts = below(7); parts > 0; --parts) {
      const uint64_t kind = below(8);
      if (kind == 0) {
        text += scalars();
      } else {
        const std::string& fragment = fragments_[below(fragments_.size())];
        for (uint64_t times = kind == 1 ? 1 + below(40) : 1; times > 0; --times)
          text += fragment;
      }
      if (below(2) == 1) text += ' ';
    }
    return text;
  }

 private:
  std::string scalars() {
    static constexpr uint64_t kTops[] = {0x80, 0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000};
    const uint64_t top = kTops[below(7)];
    std::u32string characters;
    for (uint64_t count = 1 + below(8); count > 0; --count) {
      const auto c = static_cast<char32_t>(below(top));
      if (c < 0xd800 || c >= 0xe000) characters += c;
    }
    return encode_utf8(characters);
  }

  std::vector<std::string> fragments_;
  uint64_t state_ = 1;
};

// FNV-1a over numbers of four bytes, each list closed by a mark.
class ListHash {
 public:
  template <class Numbers>
  void add(const Numbers& numbers) {
    for (const auto number : numbers)
      add_one(static_cast<uint32_t>(number));
  }
  void close() { add_one(0xffffffff); }
  uint64_t value() const { return state_; }

 private:
  void add_one(uint32_t number) {
    for (int i = 0; i < 4; ++i)
      state_ = (state_ ^ (number >> 8 * i & 0xff)) * 0x100000001b3u;
  }
  uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace graft::text
