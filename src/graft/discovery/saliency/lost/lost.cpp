#include "graft/discovery/saliency/lost/lost.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/discovery/saliency/components.h"

namespace graft::discovery::lost {
namespace {

class Lost final : public Saliency {
 public:
  explicit Lost(Options options) : options_(options) {
    if (options_.k < 1) throw ConfigError("lost", "k {}: expected 1 or more.", options_.k);
  }

  Salient find(const SeenPhoto& photo) const override {
    const auto& patches = *photo.patches;
    if (are_alike(patches.keys)) return {{}, "its patches are all alike"};
    const auto found = expand(patches.keys, options_.k);
    const auto grown = (found.sum > 0).view({patches.grid.rows, patches.grid.columns});
    return salient(component_of(grown, found.seed).flatten(), patches.grid);
  }

 private:
  Options options_;
};

}  // namespace

Expansion expand(const at::Tensor& keys, int64_t k) {
  const auto wide = keys.to(at::kDouble);
  const auto products = at::mm(wide, wide.t());
  auto others = products > 0;
  others.fill_diagonal_(false);
  Expansion found;
  found.degree = others.sum(1);
  const auto order = found.degree.argsort(/*stable=*/true);  // fewest first
  found.seed = order[0].item<int64_t>();
  const auto few = order.narrow(0, 0, std::min(k, order.size(0)));
  const auto similar = few.masked_select(products[found.seed].index_select(0, few) > 0);
  found.sum = products.index_select(0, similar).sum(0);
  return found;
}

extern const SaliencyEntry entry = {
    .name = "lost",
    .summary = "the patch of fewest friends, grown by those that agree with it",
    .paper = "Siméoni et al. 2021, arXiv:2109.14279",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<Lost>(read_options<Options>("lost", values));
    },
};

}  // namespace graft::discovery::lost
