#include "graft/tensor/precision.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/tensor/kernels.h"

namespace graft::tensor {
namespace {

Kernels chosen = Kernels::fast;

std::string_view instruction_set() {
  if (__builtin_cpu_supports("amx-bf16")) return "AMX";
  if (__builtin_cpu_supports("avx512bf16")) return "AVX-512 bf16";
  if (__builtin_cpu_supports("avx512vnni")) return "AVX-512 VNNI";
  if (__builtin_cpu_supports("avx512f")) return "AVX-512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
  return "no vector instructions that graft uses";
}

}  // namespace

Precision parse_precision(std::string_view text) {
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8, Precision::nf4}) {
    if (text == to_string(precision)) return precision;
  }
  throw UsageError("precision", "{}", unknown_name("precision", text, {"fp32", "bf16", "int8", "nf4"}));
}

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
    case Precision::nf4:
      return "nf4";
  }
  throw InternalError("precision", "a precision without a name: {}", static_cast<int>(precision));
}

bool multiplies_bf16() {
  return __builtin_cpu_supports("avx512bf16") || __builtin_cpu_supports("amx-bf16");
}

Precision default_precision() {
  return multiplies_bf16() ? Precision::bf16 : Precision::fp32;
}

c10::ScalarType carrier(Precision precision) {
  return precision == Precision::fp32 ? at::kFloat : at::kBFloat16;
}

std::string describe_cpu() {
  return fmt::format("{}, {} threads", instruction_set(), at::get_num_threads());
}

UseKernels::UseKernels(Kernels kernels) : before_(chosen) {
  chosen = kernels;
}
UseKernels::~UseKernels() {
  chosen = before_;
}

Kernels kernels_in_use() {
  return fast_kernels() ? chosen : Kernels::plain;
}

}  // namespace graft::tensor
