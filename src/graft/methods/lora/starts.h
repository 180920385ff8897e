// Starts of an update that take it out of the frozen weight: W = (W - s B0 A0) + s B0 A0.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace graft::methods::lora {

enum class Start {
  plain,  // A at random, B zero: nothing is taken out
  pissa,  // the principal singular values and vectors (Meng et al. 2024, arXiv:2404.02948, eq. 2 and 3)
  olora,  // the first columns of Q and rows of R (Büyükakyüz 2024, arXiv:2406.01775)
};
std::vector<std::pair<Start, std::string>> choices(Start);

struct Pair {
  at::Tensor a;  // [r, in]
  at::Tensor b;  // [out, r]
};

// Of weight [out, in] float32, where the update is multiplied by `scale`; r is at most its smaller side.
Pair taken_from(const at::Tensor& weight, Start start, int64_t rank, double scale);

}  // namespace graft::methods::lora
