// GGUF, version 2 and 3 (ggml's docs/gguf.md): typed metadata, then tensors of ggml's types, each behind the last at
// the next multiple of the alignment. Everything is checked when the file is opened, sizes before anything is
// allocated; a tensor or text handed out later is in bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/gguf_types.h"

namespace graft::io {

class MappedFile;

// By their numbers in files.
enum class GgufKind : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, list, u64, i64, f64 };

// A value of the metadata as it lies in the file.
struct GgufValue {
  GgufKind kind = GgufKind::u8;  // of the value, or of a list's entries
  bool is_list = false;
  std::uint64_t count = 1;          // of entries
  std::span<const std::byte> data;  // of all entries: numbers one after another, texts each behind its length
};

// Values by key. A key that is there with another type than was asked for is a FileError that says file, key, what was
// expected and what came. Any width of an integer is an integer.
class GgufMetadata {
 public:
  bool has(std::string_view key) const { return values_.contains(key); }
  std::vector<std::string> keys() const;
  const GgufValue* find(std::string_view key) const;  // as it lies; null: absent

  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;  // a float or an integer
  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
  // Of a list; empty where it is absent. Texts are as they lie: nobody has checked that they are UTF-8.
  std::vector<std::int64_t> integers(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;
  std::vector<bool> flags(std::string_view key) const;
  std::vector<std::string_view> texts(std::string_view key) const;
  bool is_list(std::string_view key) const;

  // FileError: file: `key`: expected `expected`, got ...
  [[noreturn]] void refuse(std::string_view key, std::string_view expected) const;

 private:
  friend class GgufParser;

  std::string file_;
  std::map<std::string, GgufValue, std::less<>> values_;
};

struct GgufTensor {
  GgmlType type = GgmlType::f32;
  std::vector<std::int64_t> shape;  // in PyTorch's order: the last dimension is a row, whole blocks
  std::span<const std::byte> data;

  std::int64_t rows() const;   // of all dimensions but the last
  std::int64_t width() const;  // of a row
  std::span<const std::byte> row(std::int64_t i) const;
};

class GgufFile {
 public:
  static GgufFile open(const std::filesystem::path& path);
  // `owner` keeps `bytes` alive; `name` stands in errors.
  static GgufFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name);

  const std::string& name() const { return name_; }
  std::uint32_t version() const { return version_; }
  const GgufMetadata& metadata() const { return metadata_; }
  const std::map<std::string, GgufTensor, std::less<>>& tensors() const { return tensors_; }
  // Keeps what was handed out alive.
  const std::shared_ptr<const void>& owner() const { return owner_; }
  // Where it is mapped, else null.
  const std::shared_ptr<const MappedFile>& file() const { return file_; }

 private:
  friend class GgufParser;

  std::string name_;
  std::uint32_t version_ = 0;
  GgufMetadata metadata_;
  std::map<std::string, GgufTensor, std::less<>> tensors_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const MappedFile> file_;
};

bool is_gguf(std::span<const std::byte> bytes);  // by its first four

}  // namespace graft::io
