// Words come back: their ids are kept, up to a limit, for every thread that asks.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace graft::text {

class WordCache {
 public:
  // Appends the ids of `word`; `encode(word, ids)` appends them where they are not known yet.
  template <class Encode>
  void append(std::string_view word, std::vector<int32_t>& ids, const Encode& encode) {
    if (word.size() > kLongest) return encode(word, ids);
    const std::lock_guard lock(mutex_);
    auto known = words_.find(word);
    if (known == words_.end()) {
      if (words_.size() >= kWords) words_.clear();
      known = words_.emplace(word, std::vector<int32_t>()).first;
      encode(word, known->second);
    }
    ids.insert(ids.end(), known->second.begin(), known->second.end());
  }

 private:
  static constexpr size_t kWords = 1 << 16, kLongest = 64;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<int32_t>, Hash, std::equal_to<>> words_;
};

}  // namespace graft::text
