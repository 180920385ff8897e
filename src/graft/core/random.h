// Random numbers whose stream is a value: the same seed and keys give the same numbers on every machine, in any order
// of work. SplitMix64 for keys, xoshiro256** for the stream (Blackman & Vigna 2021, arXiv:1805.01407). Not for secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace graft {

// A well-mixed 64-bit key from a name (FNV-1a, then SplitMix64's finaliser); the same on every machine.
uint64_t key_of(std::string_view name);

class Random {
 public:
  explicit Random(uint64_t seed);

  // An independent stream for `key`; does not advance this one. Chains: random.fork(epoch).fork(index).
  Random fork(uint64_t key) const;
  Random fork(std::string_view name) const { return fork(key_of(name)); }

  uint64_t bits();             // 64 uniform bits
  uint64_t below(uint64_t n);  // uniform in [0, n), without bias; n > 0
  double uniform();            // [0, 1), 53 bits
  double uniform(double low, double high);
  double normal();                         // mean 0, variance 1 (Box-Muller, one of the pair)
  uint64_t seed() const { return seed_; }  // what a library with its own generator may be seeded with

 private:
  uint64_t seed_;
  std::array<uint64_t, 4> state_;
};

}  // namespace graft
