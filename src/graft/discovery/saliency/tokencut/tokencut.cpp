#include "graft/discovery/saliency/tokencut/tokencut.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/discovery/saliency/components.h"

namespace graft::discovery::tokencut {
namespace {

class TokenCut final : public Saliency {
 public:
  explicit TokenCut(Options options) : options_(options) {
    if (options_.tau <= -1 || options_.tau >= 1)
      throw ConfigError("tokencut", "tau {}: expected a cosine above -1 and below 1.", options_.tau);
    if (options_.eps <= 0 || options_.eps >= 1)
      throw ConfigError("tokencut", "eps {}: expected a number above 0 and below 1.", options_.eps);
  }

  Salient find(const SeenPhoto& photo) const override {
    const auto& patches = *photo.patches;
    const auto x = turned_cut(patches.keys, options_);
    if (!x.defined()) return {{}, "its patches are all alike, or none is like another"};
    const auto side = (x > x.mean()).view({patches.grid.rows, patches.grid.columns});
    return salient(component_of(side, x.abs().argmax().item<int64_t>()).flatten(), patches.grid);
  }

 private:
  Options options_;
};

}  // namespace

at::Tensor affinity(const at::Tensor& keys, const Options& options) {
  const auto unit = (keys / keys.norm(2, 1, true).clamp_min(1e-12)).to(at::kDouble);
  return at::full({keys.size(0), keys.size(0)}, options.eps, unit.options())
      .masked_fill(at::mm(unit, unit.t()) > options.tau, 1.0);
}

at::Tensor turned_cut(const at::Tensor& keys, const Options& options) {
  const auto nodes = keys.size(0);
  if (nodes < 2 || are_alike(keys)) return {};
  const auto joined = affinity(keys, options);
  const auto pairs = (joined == 1.0).sum().item<int64_t>() - nodes;  // each patch is like itself
  if (pairs <= 0 || pairs == nodes * (nodes - 1)) return {};
  auto x = normalised_cut(joined, options.solver).x;
  const auto seed = x.abs().argmax();
  return x[seed].item<double>() > x.mean().item<double>() ? x : -x;
}

extern const SaliencyEntry entry = {
    .name = "tokencut",
    .summary = "a normalised cut of the patches by their keys",
    .paper = "Wang et al. 2022, arXiv:2202.11539",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<TokenCut>(read_options<Options>("tokencut", values));
    },
};

}  // namespace graft::discovery::tokencut
