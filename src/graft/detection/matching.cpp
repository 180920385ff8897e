#include "graft/detection/matching.h"

#include <algorithm>

namespace graft::detection {

Matcher::Matcher(const EvaluationRules& rules) : thresholds_(rules.thresholds) {
  for (double& threshold : thresholds_)
    threshold = std::min(threshold, 1 - 1e-10);
}

void Matcher::match(const Overlaps& overlaps, std::span<const char> in_slice, std::span<const char> never_found,
                    std::vector<Found>& found, std::vector<Index>* taken_at_first) {
  const std::size_t detections = overlaps.areas.size();
  found.assign(detections, {});
  if (taken_at_first != nullptr) taken_at_first->assign(detections, kNone);
  taken_.assign(overlaps.crowd.size(), 0);
  for (std::size_t d = 0; d < detections; ++d) {
    const auto candidates =
        std::span(overlaps.candidates).subspan(overlaps.begin[d], overlaps.begin[d + 1] - overlaps.begin[d]);
    if (candidates.empty()) continue;
    for (std::size_t t = 0; t < thresholds_.size(); ++t) {
      const auto bit = static_cast<std::uint16_t>(1U << t);
      Index best = kNone;
      bool is_ignored = false;
      for (const bool ignored : {false, true}) {
        double overlap = thresholds_[t];
        for (const auto& candidate : candidates) {
          const Index object = candidate.object;
          if ((overlaps.ignored[object] != 0 || in_slice[object] == 0) != ignored) continue;
          if ((taken_[object] & bit) != 0 && overlaps.crowd[object] == 0) continue;
          if (candidate.overlap < overlap) continue;
          overlap = candidate.overlap;
          best = object;
        }
        is_ignored = ignored;
        if (best != kNone) break;
      }
      if (best == kNone) continue;
      taken_[best] |= bit;
      if (never_found[best] == 0) found[d].matched |= bit;
      if (is_ignored) found[d].ignored |= bit;
      if (t == 0 && taken_at_first != nullptr) (*taken_at_first)[d] = best;
    }
  }
}

}  // namespace graft::detection
