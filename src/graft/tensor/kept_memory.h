// Memory of big tensors, kept for the next ones. A training step asks for the same sizes in the same order again and
// again: fresh pages cost a fault and zeros each time, and a heap that knows no huge pages grows by its holes. Here big
// tensors lie in one range of addresses; what one leaves, the next takes (the smallest hole that is big enough), so
// that from its second step on a run touches no page that it has not touched before. What lies free in holes is never
// more than what was once used at the same time leaves, a sixteenth of that and 32 MiB: beyond it the system gets it
// back.
#pragma once

#include <cstdint>

namespace graft::tensor {

// From now on, for this process. A program calls it once, before its first tensor; the library never does.
void keep_tensor_memory();

struct KeptMemory {
  int64_t used = 0, most_used = 0;  // bytes of big tensors now, and at once so far
  int64_t free = 0;                 // held for the next
  int64_t fresh = 0;                // asked of the system so far
};
KeptMemory kept_memory();  // zeros where nothing is kept

void give_back_tensor_memory();  // what is free, to the system

}  // namespace graft::tensor
