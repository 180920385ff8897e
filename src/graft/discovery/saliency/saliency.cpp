#include "graft/discovery/saliency/saliency.h"

#include <torch/types.h>

#include "graft/discovery/asked.h"

#define SALIENCY(name)               \
  namespace graft::discovery::name { \
  extern const SaliencyEntry entry;  \
  }
#include "graft/discovery/saliency/saliency.def"
#undef SALIENCY

namespace graft::discovery {

const std::vector<const SaliencyEntry*>& saliencies() {
#define SALIENCY(name) &name::entry,
  static const std::vector<const SaliencyEntry*> all = {
#include "graft/discovery/saliency/saliency.def"
  };
#undef SALIENCY
  return all;
}

const SaliencyEntry& saliency_entry(const std::string& text) {
  return read_asked("saliency", "way of saliency", saliencies(), text).entry;
}

std::unique_ptr<Saliency> make_saliency(const std::string& text) {
  const auto [entry, values] = read_asked("saliency", "way of saliency", saliencies(), text);
  return entry.parse(values);
}

Salient salient(const at::Tensor& mask, nn::Grid grid) {
  const auto count = mask.sum().item<int64_t>();
  if (count == 0) return {{}, "no patch stands out"};
  if (count == grid.count()) return {{}, "every patch stands out"};
  return {mask.view({grid.rows, grid.columns}).to(at::kFloat)};
}

bool are_alike(const at::Tensor& rows) {
  const double spread = (rows - rows.mean(0, true)).norm().item<double>(), all = rows.norm().item<double>();
  return spread <= 1e-5 * all;  // float32's rounding of a sum of a few hundred terms
}

}  // namespace graft::discovery
