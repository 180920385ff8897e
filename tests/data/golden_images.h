// The images and hashes of tests/golden/resize.json; tests/golden/make/resize.py makes the same.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <string>

#include "graft/data/resize.h"
#include "tests/support/source_dir.h"

namespace graft::data::golden {

inline nlohmann::json read(const std::string& name) {
  std::ifstream file(source_dir() / "tests/golden" / name);
  return nlohmann::json::parse(file);
}

// FNV-1a, 64 bits.
inline std::string hash(std::span<const std::byte> bytes) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const std::byte byte : bytes)
    value = (value ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return fmt::format("{:016x}", value);
}
inline std::string hash(const Image& image) {
  return hash(std::as_bytes(std::span(image.rgb)));
}

inline Image noise(int width, int height, std::uint32_t seed) {
  Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  for (auto& byte : image.rgb) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(seed >> 24);
  }
  return image;
}

// "noise W H SEED", or a file of tests/golden/images.
inline Image load(const std::string& name) {
  std::istringstream words(name);
  std::string first;
  int width, height;
  std::uint32_t seed;
  words >> first;
  if (first != "noise") return io::read_image(source_dir() / "tests/golden/images" / name);
  words >> width >> height >> seed;
  return noise(width, height, seed);
}

// The enumerator that an option would parse from `label`.
template <class E>
E choice(const std::string& label) {
  for (const auto& [value, name] : choices(E{})) {
    if (name == label) return value;
  }
  throw std::runtime_error("no choice " + label);
}

}  // namespace graft::data::golden
