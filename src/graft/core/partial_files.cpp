#include "graft/core/partial_files.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstring>

namespace graft {
namespace {

enum : int { kFree, kTaken, kNamed };

struct Slot {
  std::atomic<int> state{kFree};
  char path[PATH_MAX] = {};
};

constexpr size_t kSlots = 8;  // writers at one time; each is opened, written and put in place
std::array<Slot, kSlots> slots;

}  // namespace

PartialName::PartialName(const char* path) {
  const size_t length = std::strlen(path);
  if (length >= PATH_MAX) return;
  for (size_t i = 0; i < kSlots && slot_ < 0; ++i) {
    int expected = kFree;
    if (!slots[i].state.compare_exchange_strong(expected, kTaken)) continue;
    std::memcpy(slots[i].path, path, length + 1);
    slots[i].state.store(kNamed);
    slot_ = static_cast<int>(i);
  }
}

PartialName::~PartialName() {
  if (slot_ >= 0) slots[static_cast<size_t>(slot_)].state.store(kFree);
}

void remove_partial_files() noexcept {
  for (auto& slot : slots) {
    if (slot.state.load() == kNamed) ::unlink(slot.path);
  }
}

}  // namespace graft
