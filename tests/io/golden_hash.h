// The hash of the golden files that the scripts in tests/golden/make write: FNV-1a, 64 bits.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace graft::io {

inline std::string golden_hash(std::span<const std::byte> bytes) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const std::byte byte : bytes)
    value = (value ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return fmt::format("{:016x}", value);
}

}  // namespace graft::io
