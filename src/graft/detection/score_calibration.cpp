#include "graft/detection/score_calibration.h"

#include "graft/core/error.h"

namespace graft::detection {

statistics::CalibrationError score_calibration(const Evaluation& evaluation, int bins) {
  std::vector<double> scores;
  std::vector<std::uint8_t> right;
  for (const Outcomes& outcomes : evaluation.outcomes) {
    for (const auto& one : outcomes.detections) {
      if ((one.found.ignored & 1) != 0) continue;
      if (!(one.score >= 0 && one.score <= 1))
        throw DataError("detection", "a score is {}: how often it is right can be asked of scores from 0 to 1 only.",
                        one.score);
      scores.push_back(one.score);
      right.push_back(one.found.matched & 1);
    }
  }
  return statistics::calibration_error(scores, right, bins);
}

}  // namespace graft::detection
