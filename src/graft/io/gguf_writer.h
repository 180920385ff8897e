// Files of GGUF version 3, for models and adapters that llama.cpp and its kin read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/gguf.h"
#include "graft/io/gguf_types.h"

namespace graft::io {

class GgufWriter {
 public:
  // Metadata in the order of these calls; each key once.
  void put(std::string_view key, std::string_view text);
  void put(std::string_view key, const char* text) { put(key, std::string_view(text)); }
  void put(std::string_view key, std::uint32_t value);
  void put(std::string_view key, float value);
  void put(std::string_view key, bool value);
  void put(std::string_view key, const std::vector<std::string>& texts);
  void put(std::string_view key, const std::vector<float>& values);
  void put(std::string_view key, const std::vector<std::int32_t>& values);
  void put(std::string_view key, const std::vector<std::uint32_t>& values);
  void put(std::string_view key, const GgufValue& value);  // of another file

  // In PyTorch's order of dimensions, the last a row. The numbers are asked for when the file is written, one tensor at
  // a time. F32, F16, BF16, or Q8_0 where a row is whole blocks of 32.
  void add(std::string name, GgmlType type, std::vector<std::int64_t> shape,
           std::function<std::vector<float>()> numbers);

  // Atomic: on any failure the file is as it was before.
  void write(const std::filesystem::path& path) const;

 private:
  struct Tensor {
    std::string name;
    GgmlType type;
    std::vector<std::int64_t> shape;
    std::function<std::vector<float>()> numbers;
    std::size_t count() const;
    std::size_t bytes() const;
  };

  void begin(std::string_view key, std::uint32_t kind);
  std::string header() const;

  std::string entries_;
  std::uint64_t count_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace graft::io
