#include "graft/methods/lora/starts.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::methods::lora {

std::vector<std::pair<Start, std::string>> choices(Start) {
  return {{Start::plain, "plain"}, {Start::pissa, "pissa"}, {Start::olora, "olora"}};
}

Pair taken_from(const at::Tensor& weight, Start start, int64_t rank, double scale) {
  const torch::NoGradGuard no_grad;
  const auto r = std::min({rank, weight.size(0), weight.size(1)});
  GRAFT_ASSERT(start != Start::plain);
  if (start == Start::pissa) {
    const auto [u, s, vh] = at::linalg_svd(weight, /*full_matrices=*/false);
    const auto root = (s.narrow(0, 0, r) / scale).sqrt();
    return {root.unsqueeze(1) * vh.narrow(0, 0, r), u.narrow(1, 0, r) * root};
  }
  const auto [q, r_of_qr] = at::linalg_qr(weight);
  return {r_of_qr.narrow(0, 0, r).contiguous(), q.narrow(1, 0, r).contiguous()};
}

}  // namespace graft::methods::lora
