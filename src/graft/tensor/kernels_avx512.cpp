#include "graft/tensor/simd_avx512.h"
// The kernels are written over the Simd that comes first.
#include "graft/tensor/kernels_body.h"

namespace graft::tensor {

const KernelTable* avx512_kernels() {
  const bool present = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
  return present ? &kTable : nullptr;
}

}  // namespace graft::tensor
