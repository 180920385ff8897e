#include "graft/discovery/regions.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "graft/discovery/saliency/components.h"

namespace graft::discovery {

std::vector<std::pair<RegionParts, std::string>> choices(RegionParts) {
  return {{RegionParts::all, "all"}, {RegionParts::largest, "largest"}};
}

FoundRegion region_of(const at::Tensor& map, const RegionOptions& options) {
  auto mask = map > options.threshold;
  if (options.parts == RegionParts::largest) mask = largest_component(mask);
  const auto area = mask.sum().item<int64_t>();
  if (area == 0) return {{}, "nothing is salient"};
  if (area <= options.min_area)
    return {{}, fmt::format("{} salient pixels, {} are the least", area, options.min_area + 1)};
  const auto extent = [](const at::Tensor& any) {
    const auto at = any.nonzero();
    return std::pair(at[0].item<int>(), at[-1].item<int>() + 1);
  };
  const auto [top, bottom] = extent(mask.any(1));
  const auto [left, right] = extent(mask.any(0));
  return {Region{mask, {.left = left, .top = top, .width = right - left, .height = bottom - top}, area}};
}

}  // namespace graft::discovery
