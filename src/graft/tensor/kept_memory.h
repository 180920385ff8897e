// Memory of big tensors, kept for the next one of the same size. A training step asks for the same sizes again and
// again: fresh pages cost a fault and zeros each time, and a heap of mixed sizes grows by its holes. Here what is used
// and what is kept free are together never more than what was once used at the same time.
#pragma once

#include <cstdint>

namespace graft::tensor {

// From now on, for this process. A program calls it once, before its first tensor; the library never does.
void keep_tensor_memory();

struct KeptMemory {
  int64_t used = 0, most_used = 0;  // bytes of big tensors now, and at once so far
  int64_t free = 0;                 // held for the next
};
KeptMemory kept_memory();  // zeros where nothing is kept

void give_back_tensor_memory();  // what is free, to the system

}  // namespace graft::tensor
