#include "graft/core/random.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace graft {
namespace {

uint64_t mix(uint64_t x) {  // SplitMix64's finaliser
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

}  // namespace

uint64_t key_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char c : name)
    hash = (hash ^ c) * 0x100000001b3ULL;
  return mix(hash);
}

Random::Random(uint64_t seed) : seed_(seed) {
  for (size_t i = 0; i < state_.size(); ++i)
    state_[i] = mix(seed + (i + 1) * kGolden);
}

Random Random::fork(uint64_t key) const {
  return Random(mix(seed_ + kGolden) ^ mix(key + 2 * kGolden));
}

uint64_t Random::bits() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::below(uint64_t n) {
  const uint64_t threshold = (0 - n) % n;  // 2^64 mod n: values under it would be drawn once too often
  while (true) {
    const uint64_t x = bits();
    if (x >= threshold) return x % n;
  }
}

double Random::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

double Random::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

double Random::normal() {
  const double u = 1.0 - uniform();  // (0, 1]: the logarithm stays finite
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace graft
