#include "graft/discovery/refinement/refinement.h"

namespace graft::discovery::none {
namespace {

class AsItIs final : public Refinement {
 public:
  at::Tensor refine(const data::Image&, const at::Tensor& map) const override { return map; }
};

}  // namespace

extern const RefinementEntry entry = {
    .name = "none",
    .summary = "the map as it is",
    .paper = "",
    .alone = "",
    .options = [] { return std::vector<OptionInfo>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Refinement> {
      option::refuse_unknown("none", values, {});
      return std::make_unique<AsItIs>();
    },
};

}  // namespace graft::discovery::none
