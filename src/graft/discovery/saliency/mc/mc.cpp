#include "graft/discovery/saliency/mc/mc.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::discovery::mc {
namespace {

constexpr int64_t kLevels = 10;
constexpr double kSpreadOut = 2;  // the paper's gamma

// How far the values, stretched from 0 to 1, are from lying at the two ends.
double spread_of(const at::Tensor& values) {
  const auto stretched = (values - values.min()) / (values.max() - values.min()).clamp_min(1e-300);
  const auto levels = (stretched * kLevels).floor().clamp_max(kLevels - 1).to(at::kLong);
  const auto shares = levels.bincount({}, kLevels).to(at::kDouble) / static_cast<double>(values.size(0));
  double spread = 0;
  for (int64_t level = 1; level <= kLevels; ++level)
    spread += shares[level - 1].item<double>() * static_cast<double>(std::min(level, kLevels + 1 - level));
  return spread;
}

class AbsorbingChain final : public Saliency {
 public:
  explicit AbsorbingChain(Options options) : options_(options) {
    check("mc", options_.parts);
    if (options_.sigma2 <= 0) throw ConfigError("mc", "sigma2 {}: expected above 0.", options_.sigma2);
  }

  bool reads_patches() const override { return false; }

  Salient find(const SeenPhoto& photo) const override {
    const auto parts = superpixels(*photo.pixels, options_.parts);
    if (has_one_colour(parts)) return {{}, "it is of one colour"};
    const auto map = map_of(parts, absorption_of(parts, options_.sigma2).saliency);
    if (!map.defined()) return {{}, "nothing stands out from its border"};
    return {map};
  }

 private:
  Options options_;
};

}  // namespace

Absorption absorption_of(const Superpixels& parts, double sigma2) {
  // Linked are those that touch, those that touch a common third, and all of the border.
  const auto touches = parts.touches.to(at::kDouble);
  auto linked =
      parts.touches | (at::mm(touches, touches) > 0) | (parts.border.unsqueeze(0) & parts.border.unsqueeze(1));
  linked.fill_diagonal_(true);
  const auto apart = distances_between(parts.colours);
  const auto largest = apart.masked_select(linked).max().clamp_min(1e-300);
  const auto weights = at::where(linked, (-apart / largest / sigma2).exp(), 0.0);  // 1 to itself
  const auto to_copies = at::mv(weights, parts.border.to(at::kDouble));            // to all that absorbs
  const auto degree = weights.sum(1);
  const auto inner = weights / (degree + to_copies).unsqueeze(1);  // Q
  const auto walk = at::eye(inner.size(0), inner.options()) - inner;
  Absorption found;
  found.time = at::linalg_solve(walk, at::ones_like(degree));
  found.spread = spread_of(found.time);
  found.saliency = found.time;
  if (found.spread >= kSpreadOut) {
    const auto recurrence = degree.sum() / degree;
    found.saliency = at::linalg_solve(walk, recurrence / recurrence.sum());
  }
  return found;
}

extern const SaliencyEntry entry = {
    .name = "mc",
    .summary = "from where a walk over like colours is long in reaching the border; reads pixels alone",
    .paper = "Jiang et al. 2013, DOI 10.1109/ICCV.2013.209",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<AbsorbingChain>(read_options<Options>("mc", values));
    },
};

}  // namespace graft::discovery::mc
