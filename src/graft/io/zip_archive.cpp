#include "graft/io/zip_archive.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "graft/core/error.h"

namespace graft::io {
namespace {

using Bytes = std::span<const std::byte>;

// Signatures and fixed sizes of the records, from PKWARE's APPNOTE 6.3.10, section 4.3.
constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::size_t kLocalHeaderBytes = 30, kCentralHeaderBytes = 46;
constexpr std::size_t kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr std::size_t kMaxCommentBytes = 0xffff;
constexpr std::uint16_t kExtra64 = 0x0001;
constexpr std::uint16_t kEncrypted = 1;  // a flag
constexpr std::uint16_t kStored = 0;     // a method

struct Damaged {};  // becomes a FileError with the file's name

Bytes part(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) throw Damaged{};
  return bytes.subspan(offset, size);
}

template <class Integer>
Integer read(Bytes bytes, std::uint64_t offset) {
  Integer value;
  std::memcpy(&value, part(bytes, offset, sizeof value).data(), sizeof value);
  return value;
}

std::string_view text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Directory {
  std::uint64_t entries, bytes, offset;
};

Directory find_directory(Bytes file) {
  if (file.size() < kEndBytes) throw Damaged{};
  const std::size_t last = file.size() - kEndBytes;
  const std::size_t first = last > kMaxCommentBytes ? last - kMaxCommentBytes : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    if (read<std::uint32_t>(file, at) != kEnd || at + kEndBytes + read<std::uint16_t>(file, at + 20) != file.size()) {
      continue;
    }
    if (at >= kLocator64Bytes && read<std::uint32_t>(file, at - kLocator64Bytes) == kLocator64) {
      const Bytes end = part(file, read<std::uint64_t>(file, at - kLocator64Bytes + 8), kEnd64Bytes);
      if (read<std::uint32_t>(end, 0) != kEnd64) throw Damaged{};
      return {read<std::uint64_t>(end, 32), read<std::uint64_t>(end, 40), read<std::uint64_t>(end, 48)};
    }
    return {read<std::uint16_t>(file, at + 10), read<std::uint32_t>(file, at + 12), read<std::uint32_t>(file, at + 16)};
  }
  throw Damaged{};
}

// The 64-bit values of the extra field stand, in this order, for those of the fixed header that are all ones.
void widen(Bytes extra, std::uint64_t& size, std::uint64_t& packed_size, std::uint64_t& offset) {
  constexpr std::uint64_t kSeeExtra = 0xffffffff;
  while (extra.size() >= 4) {
    const auto id = read<std::uint16_t>(extra, 0);
    Bytes field = part(extra, 4, read<std::uint16_t>(extra, 2));
    extra = extra.subspan(4 + field.size());
    if (id != kExtra64) continue;
    for (auto* value : {&size, &packed_size, &offset}) {
      if (*value != kSeeExtra) continue;
      *value = read<std::uint64_t>(field, 0);
      field = field.subspan(8);
    }
  }
}

}  // namespace

bool ZipArchive::looks_like(Bytes bytes) {
  return bytes.size() >= 4 && read<std::uint32_t>(bytes, 0) == kLocalHeader;
}

ZipArchive::ZipArchive(Bytes bytes, std::string_view name) : name_(name) {
  try {
    const auto directory = find_directory(bytes);
    Bytes rest = part(bytes, directory.offset, directory.bytes);
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
      const Bytes header = part(rest, 0, kCentralHeaderBytes);
      if (read<std::uint32_t>(header, 0) != kCentralHeader) throw Damaged{};
      const auto name_bytes = read<std::uint16_t>(header, 28), extra_bytes = read<std::uint16_t>(header, 30);
      const auto comment_bytes = read<std::uint16_t>(header, 32);
      std::uint64_t size = read<std::uint32_t>(header, 24), packed_size = read<std::uint32_t>(header, 20);
      std::uint64_t offset = read<std::uint32_t>(header, 42);
      widen(part(rest, kCentralHeaderBytes + name_bytes, extra_bytes), size, packed_size, offset);

      // The local header repeats name and extra field, with lengths of its own.
      const Bytes local = part(bytes, offset, kLocalHeaderBytes);
      if (read<std::uint32_t>(local, 0) != kLocalHeader) throw Damaged{};
      const std::uint64_t skip = kLocalHeaderBytes + read<std::uint16_t>(local, 26) + read<std::uint16_t>(local, 28);
      const bool stored = read<std::uint16_t>(header, 10) == kStored && size == packed_size &&
                          (read<std::uint16_t>(header, 8) & kEncrypted) == 0;
      const auto record_name = text(part(rest, kCentralHeaderBytes, name_bytes));
      if (!records_.emplace(record_name, Record{stored, part(bytes, offset + skip, packed_size)}).second) {
        throw Damaged{};
      }
      rest = rest.subspan(part(rest, 0, kCentralHeaderBytes + name_bytes + extra_bytes + comment_bytes).size());
    }
  } catch (const Damaged&) {
    throw FileError("zip", "{}: the archive is damaged or cut short. Is the download complete?", name_);
  }
}

std::optional<Bytes> ZipArchive::find(std::string_view record) const {
  const auto found = records_.find(record);
  if (found == records_.end()) return std::nullopt;
  if (!found->second.stored) {
    throw FileError("zip", "{}: '{}' is compressed; torch.save stores its records as they are. Save the file again.",
                    name_, record);
  }
  return found->second.bytes;
}

}  // namespace graft::io
