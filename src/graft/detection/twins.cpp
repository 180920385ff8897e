#include "graft/detection/twins.h"

namespace graft::detection {

std::vector<Twin> find_twins(const std::vector<PhotosOf>& sets) {
  std::vector<Twin> twins;
  PhotoIdentities known;
  std::vector<Twin::Place> places;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const auto& [set, folder] = sets[s];
    for (std::size_t k = 0; k < set.images.size(); ++k) {
      const Image& image = set.images[k];
      const auto marks =
          PhotoIdentities::marks_of(folder.empty() ? folder : folder / image.file, published_at(set, image));
      if (const auto same = known.find(marks)) {
        twins.push_back({places[same->place], {s, k}, same->by});
      } else {
        known.add(marks, places.size());
        places.push_back({s, k});
      }
    }
  }
  return twins;
}

}  // namespace graft::detection
