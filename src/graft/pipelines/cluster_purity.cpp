#include "graft/pipelines/cluster_purity.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/discovery/regions.h"

namespace graft::pipelines {
namespace {

// The class that most of the pixels under `region` [h, w] are of; -1: of none is it told.
int64_t class_of_region(const at::Tensor& region, const data::Mask& truth, size_t classes) {
  std::vector<int64_t> pixels(classes, 0);
  const auto inside = region.contiguous();
  const auto* is_inside = inside.const_data_ptr<bool>();
  for (size_t i = 0; i < truth.classes.size(); ++i)
    if (is_inside[i] && truth.classes[i] < classes) ++pixels[truth.classes[i]];
  const auto most = std::ranges::max_element(pixels);
  return most == pixels.end() || *most == 0 ? -1 : most - pixels.begin();
}

}  // namespace

std::vector<ClusterPurity> purity_of(const StoredDiscovery& stored, const SegmentEvaluation& scored) {
  const auto classes = scored.classes.size();
  std::vector<std::vector<int64_t>> crops(static_cast<size_t>(stored.found.clusters), std::vector<int64_t>(classes, 0));
  for (const auto& photo : stored.found.photos) {
    if (photo.regions.empty()) continue;
    const auto truth = scored.true_mask(stage_picture("", photo.name).string());
    if (!truth) continue;
    const discovery::RegionPicture regions(stage_picture(stored.folder / "regions", photo.name),
                                           stored.options.region.parts);
    for (const auto& each : photo.regions) {
      const auto region = regions.region(each.number);
      if (!region || region->mask.size(0) != truth->height || region->mask.size(1) != truth->width) continue;
      const auto of_class = class_of_region(region->mask, *truth, classes);
      if (of_class >= 0) ++crops[static_cast<size_t>(each.cluster)][static_cast<size_t>(of_class)];
    }
  }
  std::vector<ClusterPurity> purities;
  for (const auto& of_class : crops) {
    ClusterPurity purity;
    for (size_t c = 0; c < classes; ++c) {
      purity.known += of_class[c];
      if (of_class[c] <= purity.of_most) continue;
      purity.of_most = of_class[c];
      purity.of_class = static_cast<int64_t>(c);
    }
    purities.push_back(purity);
  }
  return purities;
}

}  // namespace graft::pipelines
