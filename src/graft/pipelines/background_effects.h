// How much a classifier's answer follows the background: answers for photos whose background was exchanged, do
// (background) (Pearl 2009), against answers for the photos as they are. The kinds of background, and the gap between
// two of them, are those of Xiao et al. 2020 (Noise or Signal, arXiv:2006.09994: Mixed-Same, Only-BG and BG-Gap; their
// Mixed-Rand also draws backgrounds of the own class, here they are of another).
//
// Intervals are by resampling photos, bias-corrected and accelerated, 95 %: another sample of photos with the
// same backgrounds at hand. A number without spread has the interval of that number alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::pipelines {

struct Answer {
  std::int64_t told = 0;       // the most probable class
  double log_probability = 0;  // of the photo's class
};

struct SwappedAnswer {
  std::size_t background = 0;         // whose it is, by its place among the photos
  std::int64_t background_class = 0;  // of that photo
  Answer answer;
};

// Of one photo.
struct PhotoAnswers {
  std::int64_t label = 0;
  Answer photo = {}, own = {},
         alone = {};  // as it is; cut out and put back on its own background; its background without it
  std::vector<SwappedAnswer> same = {}, other = {};  // on backgrounds of its own class, and of other classes
};

struct Estimate {
  double value = 0;
  Interval interval{0, 0};
};

// Of one kind of background; the photo as it is is what it is compared with.
struct BackgroundEffect {
  std::int64_t photos = 0;   // that had such a background; 0: none of what follows is known
  Estimate accuracy;         // share of answers that name the photo's class
  Estimate drop;             // of the accuracy
  Estimate changed;          // share of answers that name another class than for the photo as it is
  Estimate log_probability;  // mean change of the log-probability of the photo's class: the average effect
};

struct BackgroundEffects {
  std::int64_t photos = 0;
  Estimate accuracy;  // of the photos as they are
  BackgroundEffect own, same, other, alone;
  // Share of answers that name the class of the background's photo, on backgrounds of other classes; what that share is
  // by chance: the answers for the same object on backgrounds of its own class, against the same names (where a photo
  // has none: the answer for it as it is); and how far the one is above the other, photo by photo.
  Estimate follows, by_chance, beyond_chance;
  // Accuracy on backgrounds of the own class less that on backgrounds of other classes, of photos that have both.
  std::optional<Estimate> gap;
};

// UsageError for no photos. `random` draws the resamples.
BackgroundEffects background_effects(const std::vector<PhotoAnswers>& photos, const Random& random);

}  // namespace graft::pipelines
