// How frozen weights are held and multiplied, and what this processor can do with that. What trains, the residual
// stream, norms and softmax are held in float32 whatever the precision.
#pragma once

#include <c10/core/ScalarType.h>

#include <string>
#include <string_view>

namespace graft::tensor {

// nf4: four bits a number, multiplied in bf16 where the processor does that, else in float32. A weight that lies
// quantised in its file stays as it is under fp32, bf16 and nf4, and is multiplied like that.
enum class Precision { fp32, bf16, int8, nf4 };

Precision parse_precision(std::string_view text);  // "fp32", "bf16", "int8", "nf4"; UsageError with the nearest name
std::string_view to_string(Precision);

bool multiplies_bf16();         // of the processor: avx512_bf16 or better
Precision default_precision();  // bf16 where it does, else fp32

// The type in which activations travel between frozen maps: float32 for fp32, bfloat16 for the others.
c10::ScalarType carrier(Precision);

// "AVX2, 2 threads", for the line that a run prints about its machine.
std::string describe_cpu();

// Which code multiplies: the kernels of this room that fit the processor, or ATen's plain operations.
enum class Kernels { fast, plain };

// While it lives, frozen linears, attention and norms of this process run on the kernels named; for tests and
// side-by-side measurements. Not for use while another thread computes.
class UseKernels {
 public:
  explicit UseKernels(Kernels);
  ~UseKernels();
  UseKernels(const UseKernels&) = delete;
  UseKernels& operator=(const UseKernels&) = delete;

 private:
  Kernels before_;
};

// Plain also where the processor has no kernels of ours.
Kernels kernels_in_use();

}  // namespace graft::tensor
