#include "graft/data/python_random.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <unordered_set>

namespace graft::data {
namespace {

constexpr std::size_t kSize = 624, kShift = 397;

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) {
  std::vector<std::uint32_t> key = {static_cast<std::uint32_t>(seed)};
  if (seed >> 32) key.push_back(static_cast<std::uint32_t>(seed >> 32));

  // init_genrand(19650218), then init_by_array(key), as the authors' 2002 code
  state_[0] = 19650218;
  const auto mixed = [&](std::size_t i) { return state_[i - 1] ^ (state_[i - 1] >> 30); };
  for (std::size_t i = 1; i < kSize; ++i)
    state_[i] = 1812433253u * mixed(i) + static_cast<std::uint32_t>(i);
  std::size_t i = 1, j = 0;
  const auto advance = [&] {
    if (++i >= kSize) {
      state_[0] = state_[kSize - 1];
      i = 1;
    }
  };
  for (std::size_t k = 0; k < kSize; ++k) {
    state_[i] = (state_[i] ^ (mixed(i) * 1664525u)) + key[j] + static_cast<std::uint32_t>(j);
    j = (j + 1) % key.size();
    advance();
  }
  for (std::size_t k = 0; k + 1 < kSize; ++k) {
    state_[i] = (state_[i] ^ (mixed(i) * 1566083941u)) - static_cast<std::uint32_t>(i);
    advance();
  }
  state_[0] = 0x80000000u;
}

std::uint32_t PythonRandom::next32() {
  if (index_ == kSize) {
    for (std::size_t i = 0; i < kSize; ++i) {
      const std::uint32_t y = (state_[i] & 0x80000000u) | (state_[(i + 1) % kSize] & 0x7fffffffu);
      state_[i] = state_[(i + kShift) % kSize] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0u);
    }
    index_ = 0;
  }
  std::uint32_t y = state_[index_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double PythonRandom::random() {
  const std::uint32_t high = next32() >> 5, low = next32() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

std::uint64_t PythonRandom::getrandbits(int k) {
  GRAFT_ASSERT(k >= 0 && k <= 64);
  if (k == 0) return 0;
  if (k <= 32) return next32() >> (32 - k);
  const std::uint64_t low = next32();  // words come lowest first, the last one cut
  return low | static_cast<std::uint64_t>(next32() >> (64 - k)) << 32;
}

std::uint64_t PythonRandom::randbelow(std::uint64_t n) {
  GRAFT_ASSERT(n > 0);
  const int bits = std::bit_width(n);  // of n itself, so that a power of two rejects half of what it draws
  std::uint64_t value = getrandbits(bits);
  while (value >= n)
    value = getrandbits(bits);
  return value;
}

std::vector<std::size_t> PythonRandom::sample(std::size_t n, std::size_t k) {
  GRAFT_ASSERT(k <= n);
  // CPython keeps a pool or a set, whichever it thinks smaller; the two draw different numbers.
  std::size_t set_size = 21;
  if (k > 5) {
    std::size_t table = 1;
    while (table < 3 * k)
      table *= 4;  // 4 ** ceil(log(3 k, 4)); 3 k is no power of 4
    set_size += table;
  }
  std::vector<std::size_t> result;
  result.reserve(k);
  if (n <= set_size) {
    std::vector<std::size_t> pool(n);
    std::iota(pool.begin(), pool.end(), std::size_t{0});
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t j = randbelow(n - i);
      result.push_back(pool[j]);
      pool[j] = pool[n - i - 1];
    }
  } else {
    std::unordered_set<std::size_t> chosen;
    for (std::size_t i = 0; i < k; ++i) {
      std::size_t j = randbelow(n);
      while (!chosen.insert(j).second)
        j = randbelow(n);
      result.push_back(j);
    }
  }
  return result;
}

std::vector<std::size_t> PythonRandom::choices(std::size_t n, std::size_t k) {
  GRAFT_ASSERT(n > 0);
  std::vector<std::size_t> result(k);
  for (auto& choice : result)
    choice = static_cast<std::size_t>(std::floor(random() * static_cast<double>(n)));
  return result;
}

}  // namespace graft::data
