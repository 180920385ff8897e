#include "graft/tensor/simd_avx2.h"
// The kernels are written over the Simd that comes first.
#include "graft/tensor/kernels_body.h"

namespace graft::tensor {

const KernelTable* avx2_kernels() {
  const bool present =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  return present ? &kTable : nullptr;
}

}  // namespace graft::tensor
