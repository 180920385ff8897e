#include "graft/discovery/refinement/refinement.h"

#include <torch/types.h>

#include "graft/discovery/asked.h"

#define REFINEMENT(name)              \
  namespace graft::discovery::name {  \
  extern const RefinementEntry entry; \
  }
#include "graft/discovery/refinement/refinements.def"
#undef REFINEMENT

namespace graft::discovery {

const std::vector<const RefinementEntry*>& refinements() {
#define REFINEMENT(name) &name::entry,
  static const std::vector<const RefinementEntry*> all = {
#include "graft/discovery/refinement/refinements.def"
  };
#undef REFINEMENT
  return all;
}

std::unique_ptr<Refinement> make_refinement(const std::string& text) {
  const auto [entry, values] = read_asked("refine", "refinement", refinements(), text);
  return entry.parse(values);
}

at::Tensor at_size(const at::Tensor& map, data::Size photo) {
  if (map.size(0) == photo.height && map.size(1) == photo.width) return map;
  const std::vector<int64_t> size = {photo.height, photo.width};
  return at::upsample_nearest2d(map.unsqueeze(0).unsqueeze(0), size).squeeze(0).squeeze(0);
}

}  // namespace graft::discovery
