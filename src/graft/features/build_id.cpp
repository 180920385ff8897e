#include "graft/features/build_id.h"

#include <elf.h>
#include <link.h>
#include <torch/version.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "graft/core/hash.h"

namespace graft::features {
namespace {

constexpr size_t padded(size_t bytes) {
  return (bytes + 3) / 4 * 4;
}

// A note segment is a list of (name, descriptor) records; the build id is the one named "GNU" of type 3.
std::string id_in_notes(const char* notes, size_t bytes) {
  const char* const end = notes + bytes;
  while (notes + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof note);
    const char* name = notes + sizeof note;
    const char* descriptor = name + padded(note.n_namesz);
    if (descriptor + note.n_descsz > end) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      return {descriptor, note.n_descsz};
    }
    notes = descriptor + padded(note.n_descsz);
  }
  return {};
}

// The first object reported is the program itself.
int first_object(dl_phdr_info* info, size_t, void* result) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    auto id = id_in_notes(reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr), segment.p_memsz);
    if (!id.empty()) *static_cast<std::string*>(result) = std::move(id);
  }
  return 1;
}

std::string find_build_id() {
  std::string id;
  dl_iterate_phdr(first_object, &id);
  if (id.empty()) {  // a linker that writes none: the program's bytes will do
    std::ifstream program("/proc/self/exe", std::ios::binary);
    id.assign(std::istreambuf_iterator<char>(program), {});
  }
  return Hash().add(id).add(TORCH_VERSION).hex();
}

}  // namespace

const std::string& build_id() {
  static const std::string id = find_build_id();
  return id;
}

}  // namespace graft::features
