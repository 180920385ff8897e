#include "graft/plugins/mixing/pairing.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins {
namespace {

// The log of a variate of Gamma(shape, 1). Below 1 it is that of shape + 1 times U^(1 / shape).
double draw_log_gamma(double shape, Random& random) {
  const double boost = shape < 1 ? std::log1p(-random.uniform()) / shape : 0;  // of 1 - U in (0, 1]
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log1p(-random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v) + boost;
  }
}

}  // namespace

std::vector<std::pair<Partner, std::string>> choices(Partner) {
  return {{Partner::permuted, "permuted"}, {Partner::flipped, "flipped"}, {Partner::rolled, "rolled"}};
}

std::vector<std::pair<Lambda, std::string>> choices(Lambda) {
  return {{Lambda::batch, "batch"}, {Lambda::example, "example"}};
}

void check_pairing(const std::string& mixing, const Pairing& pairing) {
  if (!(pairing.alpha > 0) || !std::isfinite(pairing.alpha)) {
    throw ConfigError(mixing, "--alpha: expected more than 0, got {}. Without --mix nothing is mixed.", pairing.alpha);
  }
  if (pairing.prob && !(*pairing.prob >= 0 && *pairing.prob <= 1)) {
    throw ConfigError(mixing, "--prob: expected 0 to 1, got {}.", *pairing.prob);
  }
}

double draw_beta(double alpha, Random& random) {
  const double first = draw_log_gamma(alpha, random), second = draw_log_gamma(alpha, random);
  return 1 / (1 + std::exp(second - first));
}

at::Tensor draw_partners(const Pairing& pairing, int64_t batch, Random random) {
  std::vector<int64_t> partners(static_cast<size_t>(batch));
  std::iota(partners.begin(), partners.end(), int64_t{0});
  switch (pairing.partner) {
    case Partner::permuted:
      for (size_t i = partners.size(); i-- > 1;)
        std::swap(partners[i], partners[random.below(i + 1)]);
      break;
    case Partner::flipped:
      std::reverse(partners.begin(), partners.end());
      break;
    case Partner::rolled:
      std::rotate(partners.begin(), partners.end() - 1, partners.end());
      break;
  }
  return torch::tensor(partners, tensor::on_cpu(at::kLong));
}

std::vector<double> draw_shares(const Pairing& pairing, int64_t batch, Random random) {
  std::vector<double> shares(static_cast<size_t>(batch));
  if (pairing.lambda == Lambda::batch) {
    std::fill(shares.begin(), shares.end(), draw_beta(pairing.alpha, random));
  } else {
    for (auto& share : shares)
      share = draw_beta(pairing.alpha, random);
  }
  return shares;
}

}  // namespace graft::plugins
