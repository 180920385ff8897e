// Who is mixed with whom, and how much: what MixUp and CutMix share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"

namespace graft::plugins {

enum class Partner {
  permuted,  // a random order of the batch (Zhang et al. 2018)
  flipped,   // the batch from its end (timm)
  rolled,    // each with the one before it (torchvision)
};
std::vector<std::pair<Partner, std::string>> choices(Partner);

enum class Lambda { batch, example };
std::vector<std::pair<Lambda, std::string>> choices(Lambda);

struct Pairing {
  double alpha = 1;
  std::optional<double> prob = {};
  Lambda lambda = Lambda::batch;
  Partner partner = Partner::permuted;
};
template <class Visitor>
void fields(Visitor& visit, Pairing& o) {
  visit("alpha", o.alpha, "of the distribution Beta(alpha, alpha) that shares are drawn from; small: near 0 or 1");
  visit("prob", o.prob, "share of the batches that are mixed by it (default: all that others leave)");
  visit("lambda", o.lambda, "a share for the whole batch, or one for each example");
  visit("partner", o.partner, "the batch in a random order, from its end, or moved on by one");
}

// ConfigError by the name of the mixing.
void check_pairing(const std::string& mixing, const Pairing& pairing);

at::Tensor draw_partners(const Pairing& pairing, int64_t batch, Random random);         // [B] int64
std::vector<double> draw_shares(const Pairing& pairing, int64_t batch, Random random);  // [B], each in [0, 1]

// One number of Beta(alpha, alpha), alpha > 0: as a ratio of gamma variates (Marsaglia and Tsang 2000) whose logs are
// compared, so that a small alpha gives 0 and 1 and never 0 / 0.
double draw_beta(double alpha, Random& random);

}  // namespace graft::plugins
