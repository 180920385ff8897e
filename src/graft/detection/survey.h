// A set in numbers: how many of what, how large, of what form, where, and what beside what.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

struct ClassCount {
  std::size_t boxes = 0;   // crowds among them
  std::size_t images = 0;  // with a box
  std::size_t known = 0;   // where it was looked for
  std::size_t whole = 0;   // of these, where all of its objects are told
};

// Two classes in one image: how many images have both, and how many times more often than if they were independent.
struct ClassPair {
  Index first = 0, second = 0;
  std::size_t images = 0;
  double lift = 0;
};

struct Survey {
  std::size_t images = 0, empty_images = 0, boxes = 0, crowds = 0, groups = 0, with_shape = 0;
  std::vector<ClassCount> classes;  // by category
  // Boxes of an image: 0, 1, 2, 3 to 5, 6 to 10, 11 to 20, 21 to 50, more.
  static constexpr std::array<const char*, 8> kPerImage = {"0", "1", "2", "3-5", "6-10", "11-20", "21-50", "51+"};
  std::array<std::size_t, 8> per_image{};
  // COCO's sizes by area in pixels: below 32 x 32, below 96 x 96, the rest.
  std::array<std::size_t, 3> sizes{};
  // The side of a square as large as the box, as a share of the image's: 20 bins of 5 %; boxes of images without a size
  // are in none.
  std::array<std::size_t, 20> share{};
  // log2(width / height) from -4 to 4 in 16 bins, what lies beyond in the first and last.
  std::array<std::size_t, 16> aspect{};
  static constexpr std::size_t kGrid = 16;
  std::array<std::size_t, kGrid * kGrid> centres{};  // row by row, over all images
  std::vector<ClassPair> pairs;                      // the most frequent together, at most 50

  // LVIS's bins of classes by images: rare below 10, common below 100, frequent; and classes without a box.
  struct Bins {
    std::size_t none = 0, rare = 0, common = 0, frequent = 0;
  };
  Bins bins() const;
};

Survey survey_of(const Set& set);

// How a sampler that draws images changes how often classes are seen.
enum class Sampler {
  uniform,
  repeat_factor,  // Gupta et al. 2019 (LVIS), arXiv:1908.03195, appendix: max(1, sqrt(t / f)) of an image's rarest
                  // class
  class_aware,    // a class at random, then one of its images
};
std::vector<std::pair<Sampler, std::string>> choices(Sampler);
// By image, with mean 1. `threshold` is t, the share of images below which a class is repeated.
std::vector<double> weights_of(const Set& set, Sampler sampler, double threshold = 0.001);
// By class: its share of the images that a sampler draws, a class of several in one image counting in each.
std::vector<double> seen(const Set& set, const std::vector<double>& weights);

}  // namespace graft::detection
