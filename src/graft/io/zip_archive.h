// The records of a zip archive as views into its bytes: stored entries only, as torch.save writes them, zip64 included.
// The central directory is believed, but every record is checked to lie in the file.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace graft::io {

class ZipArchive {
 public:
  static bool looks_like(std::span<const std::byte> bytes);
  ZipArchive(std::span<const std::byte> bytes, std::string_view name);

  struct Record {
    bool stored;                       // not compressed, not encrypted
    std::span<const std::byte> bytes;  // as they lie in the file
  };
  const std::map<std::string, Record, std::less<>>& records() const { return records_; }
  // nullopt when absent; FileError when it is not stored.
  std::optional<std::span<const std::byte>> find(std::string_view record) const;

 private:
  std::string name_;
  std::map<std::string, Record, std::less<>> records_;
};

}  // namespace graft::io
