#include "graft/plugins/distillation/kl/kl.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

// Two classes whose logits differ by T ln 3 and 0: the teacher says 3 to 1, the student 1 to 1.
TEST(Kl, IsTheDivergenceOfSoftenedAnswersTimesTSquared) {
  const double t = 2, divergence = 0.75 * std::log(0.75 / 0.5) + 0.25 * std::log(0.25 / 0.5);
  const auto teacher = torch::tensor({{t * std::log(3.0), 0.0}}, at::kDouble);
  const auto student = torch::zeros({1, 2}, at::kDouble);
  const auto by = make_distillation("kl:temperature=2,alpha=0.3");
  EXPECT_NEAR(by->sum(student, teacher).item<double>(), 0.3 * t * t * divergence, 1e-12);
  EXPECT_DOUBLE_EQ(by->share_of_task(), 0.7);
  EXPECT_EQ(by->compares(), Compared::answers);
}

TEST(Kl, AddsTheSameToAllLogitsForNothing) {
  const auto teacher = torch::tensor({{1.0, -2.0, 0.5}}, at::kDouble);
  const auto by = make_distillation("kl");
  EXPECT_NEAR(by->sum(teacher + 7, teacher - 3).item<double>(), 0, 1e-12);
}

TEST(Kl, RefusesATemperatureOfZeroAndAShareAboveOne) {
  EXPECT_THROW(make_distillation("kl:temperature=0"), ConfigError);
  EXPECT_THROW(make_distillation("kl:alpha=1.5"), ConfigError);
  EXPECT_NO_THROW(make_distillation("kl:alpha=0"));
}

}  // namespace
}  // namespace graft::plugins
