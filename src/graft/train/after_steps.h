// What training may have spoilt.
#pragma once

#include <cstdint>

#include "graft/core/error.h"

namespace graft::train {

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

}  // namespace graft::train
