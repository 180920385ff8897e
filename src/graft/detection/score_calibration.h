// Whether a detector's scores are how often it is right (Kueppers et al. 2020, arXiv:2004.13546, of confidence alone).
#pragma once

#include "graft/detection/evaluation.h"
#include "graft/statistics/calibration.h"

namespace graft::detection {

// Right is a match at the evaluation's first threshold; detections that are ignored do not count. Of an evaluation that
// kept its outcomes. DataError for a score outside [0, 1].
statistics::CalibrationError score_calibration(const Evaluation& evaluation, int bins = 15);

}  // namespace graft::detection
