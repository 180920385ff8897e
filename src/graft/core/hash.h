// Content hashes for caches and fingerprints: XXH3, 128 bits, as 32 hexadecimal digits. Not for secrets.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace graft {

class Hash {
 public:
  Hash();
  Hash& add(std::span<const std::byte> bytes);
  Hash& add(std::string_view text);  // with its length, so that ("ab", "c") and ("a", "bc") differ
  std::string hex() const;           // 32 digits

 private:
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace graft
