#include "graft/discovery/saliency/attention/attention.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::discovery::attention {
namespace {

class ClassAttention final : public Saliency {
 public:
  explicit ClassAttention(Options options) : options_(options) {
    if (options_.mass <= 0 || options_.mass >= 1)
      throw ConfigError("attention", "mass {}: expected a share above 0 and below 1.", options_.mass);
  }

  bool reads_attention() const override { return true; }

  Salient find(const SeenPhoto& photo) const override {
    const auto& patches = *photo.patches;
    if (are_alike(patches.keys)) return {{}, "its patches are all alike"};
    if (options_.head && (*options_.head < 0 || *options_.head >= patches.heads))
      throw ConfigError("attention", "head {}: the model has heads 0 to {}.", *options_.head, patches.heads - 1);
    const auto row = options_.head ? patches.attention[*options_.head] : patches.attention.mean(0);
    return salient(largest_mass(row, options_.mass), patches.grid);
  }

 private:
  Options options_;
};

}  // namespace

// As DINO counts: from the smallest up, all until the sum passes 1 - mass are left out.
at::Tensor largest_mass(const at::Tensor& attention, double mass) {
  const auto shares = attention.to(at::kDouble) / attention.to(at::kDouble).sum();
  const auto order = shares.argsort(/*stable=*/true);
  const auto kept = shares.index_select(0, order).cumsum(0) > 1 - mass;
  return at::zeros_like(kept).index_copy(0, order, kept);
}

extern const SaliencyEntry entry = {
    .name = "attention",
    .summary = "the patches that hold most of the class token's attention",
    .paper = "Caron et al. 2021, arXiv:2104.14294",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<ClassAttention>(read_options<Options>("attention", values));
    },
};

}  // namespace graft::discovery::attention
