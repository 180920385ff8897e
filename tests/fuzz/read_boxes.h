// What the targets of readers of boxes share: bytes become files in memory, are read, and what comes is looked at.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/detection/check.h"
#include "graft/detection/format.h"

namespace graft::detection {

using Bytes = std::span<const std::uint8_t>;

// Of `count` parts that zero bytes end; the last has all the rest.
inline std::vector<Bytes> parts_of(const std::uint8_t* bytes, std::size_t size, std::size_t count) {
  std::vector<Bytes> parts;
  std::size_t from = 0;
  for (std::size_t at = 0; at < size && parts.size() + 1 < count; ++at) {
    if (bytes[at] != 0) continue;
    parts.emplace_back(bytes + from, at - from);
    from = at + 1;
  }
  parts.emplace_back(bytes + from, size - from);
  parts.resize(count);
  return parts;
}

// A photo a.jpg and a class, which every reader that needs sizes may ask for.
inline Set photos() {
  Set set;
  set.images.push_back({.id = 1, .file = "a.jpg", .width = 64, .height = 48});
  set.categories.resize(1);
  set.categories[0].id = 1;
  set.categories[0].name = "cat";
  return set;
}

inline std::filesystem::path folder_of_files(const std::map<std::string, Bytes>& files) {
  static const std::filesystem::path folder = "/dev/shm/graft-fuzz-" + std::to_string(::getpid());
  for (const auto& [name, bytes] : files) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  return folder;
}

inline int read_boxes(const char* format, const std::map<std::string, Bytes>& files, const char* path) {
  const auto place = folder_of_files(files) / path;
  const Set sizes = photos();
  Findings findings;
  try {
    find_format(format).recognises(place);
    Set set = find_format(format).read(place, {.images = {}, .sizes = &sizes}, findings);
    for (const Annotation& one : set.annotations)
      if (one.image >= set.images.size() || one.category >= set.categories.size()) std::abort();
    check(set, findings);
    mend(set);
    Findings mended;
    check(set, mended);
    if (mended.total(Severity::wrong) > 0) std::abort();
  } catch (const Error& error) {
    if (error.exit_code() > 4) std::abort();
  }
  return 0;
}

}  // namespace graft::detection
