#include "graft/tensor/simd_avx2.h"
// The kernels are written over the Simd that comes first.
#include "graft/tensor/kernels_body.h"

namespace graft::tensor {

const KernelTable* avx2_kernels() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kTable : nullptr;
}

}  // namespace graft::tensor
