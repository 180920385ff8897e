#include "graft/discovery/saliency/rbd/rbd.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>

#include "graft/core/error.h"

namespace graft::discovery::rbd {
namespace {

constexpr double kSigmaPlace = 0.25, kSigmaBoundary = 1, kLeastSmoothness = 0.1;  // as the paper has them

// Lengths of the shortest paths between all pairs, by Floyd's recursion. steps [n, n], infinite where there is none.
at::Tensor shortest_paths(at::Tensor steps) {
  const auto nodes = steps.size(0);
  auto* length = steps.data_ptr<double>();
  for (int64_t by = 0; by < nodes; ++by) {
    const auto* from_by = length + by * nodes;
    for (int64_t i = 0; i < nodes; ++i) {
      auto* from = length + i * nodes;
      const double to_by = from[by];
      for (int64_t j = 0; j < nodes; ++j)
        from[j] = std::min(from[j], to_by + from_by[j]);
    }
  }
  return steps;
}

at::Tensor likeness(const at::Tensor& distances, double sigma) {
  return (-distances.square() / (2 * sigma * sigma)).exp();
}

class RobustBackground final : public Saliency {
 public:
  explicit RobustBackground(Options options) : options_(options) {
    check("rbd", options_.parts);
    if (options_.sigma_colour <= 0)
      throw ConfigError("rbd", "sigma-colour {}: expected above 0.", options_.sigma_colour);
  }

  bool reads_patches() const override { return false; }

  Salient find(const SeenPhoto& photo) const override {
    const auto parts = superpixels(*photo.pixels, options_.parts);
    if (has_one_colour(parts)) return {{}, "it is of one colour"};
    const auto map = map_of(parts, background_of(parts, options_.sigma_colour).saliency);
    if (!map.defined()) return {{}, "nothing stands out from its border"};
    return {map};
  }

 private:
  Options options_;
};

}  // namespace

Background background_of(const Superpixels& parts, double sigma_colour) {
  const auto apart = distances_between(parts.colours);
  // Superpixels that touch are joined, and all of the border: ground that an object cuts in two stays one.
  const auto joined = parts.touches | (parts.border.unsqueeze(0) & parts.border.unsqueeze(1));
  auto steps = apart.masked_fill(~joined, std::numeric_limits<double>::infinity());
  steps.fill_diagonal_(0);
  const auto alike = likeness(shortest_paths(steps), sigma_colour);
  Background found;
  found.connectivity = at::mv(alike, parts.border.to(at::kDouble)) / alike.sum(1).sqrt();
  const auto background = 1 - likeness(found.connectivity, kSigmaBoundary);
  const auto nearness = likeness(distances_between(parts.places), kSigmaPlace);
  found.contrast = at::mv(apart * nearness, background);
  found.contrast = found.contrast / found.contrast.max().clamp_min(1e-300);
  const auto smoothness = at::where(parts.touches, likeness(apart, sigma_colour) + kLeastSmoothness, 0.0);
  const auto system = at::diag(background + found.contrast + smoothness.sum(1)) - smoothness;
  found.saliency = at::linalg_solve(system, found.contrast);
  return found;
}

extern const SaliencyEntry entry = {
    .name = "rbd",
    .summary = "what differs from regions that the photo's border belongs to; reads pixels alone",
    .paper = "Zhu et al. 2014, DOI 10.1109/CVPR.2014.360",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<RobustBackground>(read_options<Options>("rbd", values));
    },
};

}  // namespace graft::discovery::rbd
