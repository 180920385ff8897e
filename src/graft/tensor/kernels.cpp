#include "graft/tensor/kernels.h"

namespace graft::tensor {

const KernelTable* fast_kernels() {
  static const KernelTable* const best = avx512_kernels() ? avx512_kernels() : avx2_kernels();
  return best;
}

}  // namespace graft::tensor
