// The learning rate of a step. Step-wise: constant, linear and cosine, after a linear warm-up. Per epoch, as their
// papers' code has them: coop (Zhou et al. 2022, on Dassl) and vpt (Jia et al. 2022).
#pragma once

#include <algorithm>
#include <cstdint>

#include "graft/methods/recipe.h"

namespace graft::train {

struct Schedule {
  methods::ScheduleKind kind = methods::ScheduleKind::constant;
  double lr = 0;  // the largest
  int64_t epochs = 1;
  int64_t steps_per_epoch = 1;
  double warmup_epochs = 0;
  int64_t most_steps = 0;  // 0: all of the epochs; else the last epoch may be cut short

  int64_t steps() const {
    const int64_t all = epochs * steps_per_epoch;
    return most_steps > 0 ? std::min(most_steps, all) : all;
  }

  // Steps count from 0. With s the step, w the steps of warm-up, S all steps, e the epoch from 0, E all epochs:
  //   warm-up           lr (s + 1) / w                          for s < w
  //   linear            lr (1 - (s - w) / (S - w))
  //   cosine            lr/2 (1 + cos(pi (s - w) / (S - w)))
  //   coop              epoch 0: lr / 200; then lr/2 (1 + cos(pi (e - 1) / E)): the last epoch is not at 0
  //   vpt               lr e / W in W epochs of warm-up: the first runs at 0; then lr/2 (1 + cos(pi (e - W) / (E - W)))
  double at(int64_t step) const;
};

}  // namespace graft::train
