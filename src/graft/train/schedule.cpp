#include "graft/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace graft::train {
namespace {

double half_cosine(double progress) {
  return 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace

double Schedule::at(int64_t step) const {
  using methods::ScheduleKind;
  const auto epoch = static_cast<double>(step / steps_per_epoch);
  const auto all_epochs = static_cast<double>(epochs);
  if (kind == ScheduleKind::coop) {
    // Dassl warms up at a constant 1e-5 for CoOp's 2e-3; the ratio is kept for other rates.
    return epoch == 0 ? lr / 200 : lr * half_cosine((epoch - 1) / all_epochs);
  }
  if (kind == ScheduleKind::vpt) {
    if (epoch < warmup_epochs) return lr * epoch / warmup_epochs;
    return lr * half_cosine((epoch - warmup_epochs) / std::max(1.0, all_epochs - warmup_epochs));
  }
  const auto s = static_cast<double>(step);
  const double warmup = std::round(warmup_epochs * static_cast<double>(steps_per_epoch));
  if (s < warmup) return lr * (s + 1) / warmup;
  const double progress = (s - warmup) / std::max(1.0, static_cast<double>(steps()) - warmup);
  switch (kind) {
    case ScheduleKind::linear:
      return lr * (1 - progress);
    case ScheduleKind::cosine:
      return lr * half_cosine(progress);
    case ScheduleKind::poly:  // DeepLab's (Chen et al. 2016, arXiv:1606.00915)
      return lr * std::pow(std::max(0.0, 1 - progress), 0.9);
    default:
      return lr;
  }
}

}  // namespace graft::train
