// What counts as found, and what is asked of a detector: COCO's rules (Lin et al. 2014, arXiv:1405.0312; pycocotools),
// LVIS's (Gupta et al. 2019, arXiv:1908.03195; lvis-api) and those for merged sets.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace graft::detection {

enum class Compared {
  boxes,      // intersection over union in double, no + 1
  masks,      // of their pixels, as runs
  keypoints,  // object keypoint similarity, COCO's 17 points of a person
};

// A part of the objects, by a property of theirs that lies in [low, high], closed at both ends (an area of exactly
// 32^2 is small and medium). Objects outside are ignored, and so are detections that found nothing and lie outside.
struct Slice {
  enum class Property { area, aspect } property = Property::area;  // aspect: width / height of the box
  std::string name;
  double low = 0, high = 1e10;
};

struct EvaluationRules {
  std::string name;  // "coco"
  Compared compared = Compared::boxes;
  std::vector<double> thresholds;    // rising, at most 16: a match is an overlap of at least this
  std::vector<Slice> slices;         // the first is of everything
  std::vector<int> most;             // rising: detections of one class that are looked at in an image
  int most_per_image = 0;            // of all classes, the highest scores; 0: no bound (LVIS: 300)
  bool crowds = true;                // a crowd is found by any number, over the detection's own area
  bool groups_are_crowds = false;    // OpenImages' group-of likewise
  bool unknown_ignored = false;      // what known(image) and open say of classes is heeded (LVIS, merged sets)
  bool empty_left_out = false;       // lvis-api's: what has no area is not there, object or detection
  bool frequencies = false;          // AP of rare, common and frequent classes too, where the set tells them
  bool zero_id_never_found = false;  // pycocotools': an object with id 0 is matched and its finder still wrong
  bool same_id_is_last = false;      // pycocotools': of annotations with one id the last stands for each
};

// AP at .5, .55 ... .95; small, medium and large at 32^2 and 96^2 pixels; 1, 10 and 100 detections. Of keypoints 20,
// and no small ones.
EvaluationRules coco_rules(Compared compared = Compared::boxes);
// 300 an image; classes that are neither present nor verified absent are left out; no crowds.
EvaluationRules lvis_rules(Compared compared = Compared::boxes);
// COCO's numbers on a merged set: detections of classes that nobody looked for are ignored, and so are those beside the
// boxes of a class that is not exhaustive.
EvaluationRules federated_rules(Compared compared = Compared::boxes);

// Adds boxes at least twice as high as wide, twice as wide as high, and those between.
void add_aspects(EvaluationRules& rules);

// As NumPy: `count` equal steps, the last exactly `last`.
std::vector<double> evenly(double first, double last, std::size_t count);

}  // namespace graft::detection
