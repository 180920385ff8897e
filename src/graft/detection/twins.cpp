#include "graft/detection/twins.h"

namespace graft::detection {

std::vector<Twin> find_twins(const std::vector<MarkedSet>& sets) {
  std::vector<Twin> twins;
  PhotoIdentities known;
  std::vector<Twin::Place> places;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    for (std::size_t k = 0; k < sets[s].marks.size(); ++k) {
      if (const auto same = known.find(sets[s].marks[k])) {
        twins.push_back({places[same->place], {s, k}, same->by});
      } else {
        known.add(sets[s].marks[k], places.size());
        places.push_back({s, k});
      }
    }
  }
  return twins;
}

}  // namespace graft::detection
