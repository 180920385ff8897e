#include "graft/core/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace graft {

void Hash::Free::operator()(void* state) const {
  XXH3_freeState(static_cast<XXH3_state_t*>(state));
}

Hash::Hash() : state_(XXH3_createState()) {
  XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_.get()));
}

Hash& Hash::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_.get()), bytes.data(), bytes.size());
  return *this;
}

Hash& Hash::add(std::string_view text) {
  const uint64_t length = text.size();
  add(std::as_bytes(std::span(&length, 1)));
  return add(std::as_bytes(std::span(text.data(), text.size())));
}

std::string Hash::hex() const {
  const XXH128_hash_t digest = XXH3_128bits_digest(static_cast<XXH3_state_t*>(state_.get()));
  return fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
}

}  // namespace graft
