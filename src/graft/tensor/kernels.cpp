#include "graft/tensor/kernels.h"

namespace graft::tensor {

const KernelTable* fast_kernels() {
  static const KernelTable* const best = avx2_kernels();
  return best;
}

}  // namespace graft::tensor
