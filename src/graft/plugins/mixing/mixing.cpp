#include "graft/plugins/mixing/mixing.h"

#include <torch/types.h>

namespace graft::plugins {

std::vector<std::pair<MixPlace, std::string>> choices(MixPlace) {
  return {{MixPlace::input, "input"}, {MixPlace::features, "features"}, {MixPlace::random, "random"}};
}

at::Tensor mixed_targets(const at::Tensor& target, int64_t outputs, const Mix& mix) {
  const at::Tensor own = target.dim() == 2 ? target
                                           : torch::zeros({target.size(0), outputs}, target.options().dtype(at::kFloat))
                                                 .scatter(1, target.unsqueeze(1), 1.0);
  const auto column = [&](const at::Tensor& share) { return share.to(own.options()).unsqueeze(1); };  // [B, 1]
  return own * column(mix.kept) + own.index_select(0, mix.partner.to(own.device())) * column(1 - mix.kept);
}

}  // namespace graft::plugins
