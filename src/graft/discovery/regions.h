// The regions of a photo that a saliency map marks, their tight boxes, and what is cut out of a photo for one. As COMUS
// has it (Zadaianchuk et al. 2023, arXiv:2207.05027) there is one a photo: all that is salient, however many parts it
// has. Or each connected part is a region by itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/resize.h"

namespace graft::discovery {

enum class RegionParts {
  all,      // every salient pixel
  largest,  // those of the largest connected part
  each,     // every connected part is a region
};
std::vector<std::pair<RegionParts, std::string>> choices(RegionParts);

struct RegionOptions {
  double threshold = 0.5;
  int64_t min_area = 400;
  RegionParts parts = RegionParts::all;
  std::optional<int64_t> regions = {};
};
template <class Visitor>
void fields(Visitor& visit, RegionOptions& o) {
  visit("threshold", o.threshold, "saliency above which a pixel is of the object");
  visit("min-area", o.min_area, "pixels that an object has at least; photos of smaller ones are left out");
  visit("parts", o.parts,
        "what is the object: all that is salient, or the largest connected part; or each part is an object by itself");
  visit("regions", o.regions, "of --parts each, most objects of a photo, the largest first (default: all of them)");
}

struct Region {
  at::Tensor mask;  // [height, width] bool, of the whole photo
  data::Rect box;
  int64_t area = 0;
};
// mask [height, width] bool; nothing where it holds no pixel.
std::optional<Region> region_of(const at::Tensor& mask);

// map [height, width] float32. Of several the largest first, of equal ones the first row by row, at most 254, as a mask
// has numbers. None, and why in `why`, where too little is salient.
struct FoundRegions {
  std::vector<Region> regions;
  std::string why = {};
};
FoundRegions regions_of(const at::Tensor& map, const RegionOptions& options);

// The regions of a photo as a picture: each has its number, from 1, and all else is 0. Where a photo has one it is all
// that the picture marks, whatever the numbers.
void write_regions(const std::filesystem::path& file, const std::vector<Region>& regions);

// Of one such picture. DataError for what is no picture.
class RegionPicture {
 public:
  RegionPicture(const std::filesystem::path& file, RegionParts parts);
  const std::vector<int64_t>& numbers() const { return numbers_; }  // ascending; of one region a 1
  std::optional<Region> region(int64_t number) const;

 private:
  at::Tensor of_;  // [height, width] uint8: each pixel's region
  std::vector<int64_t> numbers_;
};

}  // namespace graft::discovery
