// A file that is either its old self or complete: written beside its final name, synced, then renamed over it. A full
// disk or a crash at any moment leaves what was there before; the half-written file is removed, also when a signal ends
// the process.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "graft/core/partial_files.h"

namespace graft {

class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // without commit(): nothing happened
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

 private:
  [[noreturn]] void fail(std::string_view what);

  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::optional<PartialName> name_;  // of what a signal that ends the process would leave behind
  int file_ = -1;
};

void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace graft
