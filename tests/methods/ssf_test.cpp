#include "graft/methods/ssf/ssf.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/sites_only.h"
#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

using ssf::ScaleShift;
using ::testing::HasSubstr;

// On ViT-B/16 a scale a channel behind qkv, proj, fc1 and fc2 of 12 blocks; with shifts, which maps with a bias have,
// and norms it is Lian et al.'s 0.2 M, 205,824 with the 1,536 of the patches' embedding.
TEST(Ssf, OnViTB16HasAScaleBehindEveryMap) {
  const int64_t scales = 12 * (3 + 1 + 4 + 1) * 768;
  EXPECT_EQ(on_sites("ssf", {}).inserted(), scales);  // maps without biases
  EXPECT_EQ(2 * scales + (2 * 12 + 1) * 2 * 768 + 1536, 205'824);
}

TEST(Ssf, ASmallViTTrainsScaleShiftAndNorms) {
  OnSmallModel built("timm", "ssf");
  EXPECT_EQ(built.trained(), 2 * 2 * (48 + 16 + 64 + 16) + 5 * 2 * 16);
  OnSmallModel maps("timm", "ssf", {{"norms", "false"}, {"target", "mlp.*"}});
  EXPECT_EQ(maps.trained(), 2 * 2 * (64 + 16));
}

TEST(Ssf, StartsAsTheAuthorsCodeDoes) {
  Random random(2);
  const ScaleShift insert({.out = 20'000}, true, 0.02, random);
  const auto parameters = insert.named_parameters();
  const double error = 4 * 0.02 / std::sqrt(20'000.0);
  EXPECT_NEAR(parameters["scale"].mean().item<double>(), 1, error);
  EXPECT_NEAR(parameters["shift"].mean().item<double>(), 0, error);
  EXPECT_NEAR(parameters["scale"].std().item<double>(), 0.02, error);
  EXPECT_NEAR(parameters["shift"].std().item<double>(), 0.02, error);
}

// W = [[1, 2], [3, 4]], b = [1, 1], x = [1, 1]: y = [4, 8]; times [2, 0.5] and [10, 20] added: [18, 24].
TEST(Ssf, ByHandAndFolded) {
  Random random(1);
  const ScaleShift insert({.in = 2, .out = 2}, true, 0, random);
  auto parameters = insert.named_parameters();
  parameters["scale"].detach().copy_(torch::tensor({2.f, 0.5f}));
  parameters["shift"].detach().copy_(torch::tensor({10.f, 20.f}));
  const auto w = torch::tensor({{1.f, 2.f}, {3.f, 4.f}}), b = torch::ones({2}), x = torch::ones({1, 2});
  const nn::Frozen frozen([&](const at::Tensor& u) { return torch::linear(u, w, b); });
  const auto want = torch::tensor({{18.f, 24.f}});
  EXPECT_TRUE(torch::equal(insert.forward(x, frozen, {}), want));
  const auto folded = insert.fold(w, b);
  EXPECT_TRUE(torch::allclose(torch::linear(x, folded->weight, folded->bias), want));
}

TEST(Ssf, ATargetThatSelectsNothingIsNamed) {
  try {
    on_sites("ssf", {{"target", "conv9"}});
    FAIL() << "nothing was selected";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--target conv9: selects no linear map or convolution"));
  }
}

}  // namespace
}  // namespace graft::methods
