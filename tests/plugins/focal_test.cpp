#include "graft/plugins/losses/focal/focal.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

const at::Tensor kLogits = torch::tensor({{std::log(1.0), std::log(3.0)}}, at::kDouble);
const at::Tensor kLabels = torch::tensor({1}, at::kLong);

TEST(Focal, WeighsByHowFarTheLabelIsFromCertain) {
  EXPECT_NEAR(make_loss("focal")->sum(kLogits, kLabels, 0).item<double>(), -0.0625 * std::log(0.75), 1e-12);
  EXPECT_NEAR(make_loss("focal:gamma=1")->sum(kLogits, kLabels, 0).item<double>(), -0.25 * std::log(0.75), 1e-12);
}

TEST(Focal, WithoutGammaItIsCrossEntropy) {
  const auto focal = make_loss("focal:gamma=0"), plain = make_loss("cross-entropy");
  for (const double smoothing : {0.0, 0.3}) {
    EXPECT_NEAR(focal->sum(kLogits, kLabels, smoothing).item<double>(),
                plain->sum(kLogits, kLabels, smoothing).item<double>(), 1e-12);
  }
}

TEST(Focal, ANegativeGammaIsRefused) {
  EXPECT_THROW(make_loss("focal:gamma=-1"), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
