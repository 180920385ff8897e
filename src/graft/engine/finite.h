// Whether numbers are finite, at the price of one sum where they are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "graft/core/error.h"

namespace graft::engine {

struct NotFinite {
  int64_t count = 0;   // of the whole tensor; 0: all are finite
  int64_t row = 0;     // the first row that has one
  int64_t in_row = 0;  // how many it has
  double value = 0;    // the first of them
};
NotFinite not_finite(const at::Tensor& rows);

// `compute` after so many steps of training. No loss has seen the last of them, so what is not finite now is so for
// what was trained, and not for the model's own weights.
template <class Compute>
auto after_steps(int64_t steps, const Compute& compute) {
  try {
    return compute();
  } catch (const DivergenceError& error) {
    if (steps == 0) throw;
    throw DivergenceError("train",
                          "the model is no longer finite after step {}: {}\n  Try a smaller --lr, or --clip 1.", steps,
                          error.what());
  }
}

}  // namespace graft::engine
