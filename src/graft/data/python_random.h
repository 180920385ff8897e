// CPython's random.Random, number for number: MT19937 seeded by init_by_array (Matsumoto & Nishimura 1998) and the
// methods that few-shot protocols draw with (CPython 3.2 and later; sample as since 3.11 draws the same). Splits that
// were published as "seed 1" can only be repeated with the same stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "graft/core/error.h"

namespace graft::data {

class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed);  // random.seed(seed)

  double random();                           // [0, 1), 53 bits
  std::uint64_t getrandbits(int k);          // 0 to 64 bits
  std::uint64_t randbelow(std::uint64_t n);  // n > 0

  std::vector<std::size_t> sample(std::size_t n, std::size_t k);   // random.sample(range(n), k), k <= n
  std::vector<std::size_t> choices(std::size_t n, std::size_t k);  // random.choices(range(n), k=k), n > 0

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i-- > 1;)
      std::swap(items[i], items[randbelow(i + 1)]);
  }

 private:
  std::uint32_t next32();

  std::array<std::uint32_t, 624> state_;
  std::size_t index_ = 624;
};

}  // namespace graft::data
