// The region of a photo that a saliency map marks, its tight box, and the crop of that box. As COMUS has it
// (Zadaianchuk et al. 2023, arXiv:2207.05027) there is one a photo: all that is salient, however many parts it has.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/resize.h"

namespace graft::discovery {

enum class RegionParts {
  all,      // every salient pixel
  largest,  // those of the largest connected part
};
std::vector<std::pair<RegionParts, std::string>> choices(RegionParts);

struct RegionOptions {
  double threshold = 0.5;
  int64_t min_area = 400;
  RegionParts parts = RegionParts::all;
};
template <class Visitor>
void fields(Visitor& visit, RegionOptions& o) {
  visit("threshold", o.threshold, "saliency above which a pixel is of the object");
  visit("min-area", o.min_area, "pixels that an object has at least; photos of smaller ones are left out");
  visit("parts", o.parts, "what is the object: all that is salient, or the largest connected part");
}

inline constexpr RegionOptions kAllOfAMask{.threshold = 0.5, .min_area = 0};  // of what is a mask already

struct Region {
  at::Tensor mask;  // [height, width] bool, of the whole photo
  data::Rect box;
  int64_t area = 0;
};
// map [height, width] float32. Nothing, and why in `why`, where too little is salient.
struct FoundRegion {
  std::optional<Region> region;
  std::string why = {};
};
FoundRegion region_of(const at::Tensor& map, const RegionOptions& options);

}  // namespace graft::discovery
