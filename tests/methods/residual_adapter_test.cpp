#include "graft/methods/residual_adapter/residual_adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "tests/methods/small_models.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

Adapted on_basic_blocks(const OptionValues& options) {
  return under_linear_head(graft::testing::tiny_resnet_checkpoint().load(), "residual-adapter", options);
}

nn::Site site_of(int64_t inputs, int64_t outputs, nn::Window window) {
  return {.path = "conv", .kind = nn::SiteKind::convolution, .in = inputs, .out = outputs, .window = std::move(window)};
}

// Maps of 4 x 4 that hold 0 to 15, every second of which A reads: 3 * (0, 2, 8, 10) beside a convolution of ones.
TEST(ResidualAdapter, AddsAConvolutionOfOnePositionThatStridesAlike) {
  residual_adapter::Beside beside(site_of(1, 1, {.sides = {3, 3}, .stride = {1, 2}}));
  const torch::NoGradGuard no_grad;
  beside.parameters().front().fill_(3);
  const auto maps = torch::arange(16, torch::kFloat32).view({1, 1, 4, 4});
  const nn::Frozen ones([](const at::Tensor&) { return torch::ones({1, 1, 2, 2}); });
  const auto result = beside.forward(maps, ones, {});
  EXPECT_TRUE(torch::equal(result.flatten(), torch::tensor({1.F, 7.F, 25.F, 31.F})));
}

TEST(ResidualAdapter, FoldsIntoTheMiddleOfTheWindow) {
  residual_adapter::Beside beside(site_of(2, 1, {.sides = {3, 3}, .dilation = {1, 2}}));
  const torch::NoGradGuard no_grad;
  beside.parameters().front().copy_(torch::tensor({5.F, 7.F}).view({1, 2, 1, 1}));
  const auto folded = beside.fold(torch::zeros({1, 2, 3, 3}), {})->weight;
  EXPECT_EQ(folded[0][0][1][1].item<float>(), 5);
  EXPECT_EQ(folded[0][1][1][1].item<float>(), 7);
  EXPECT_EQ(folded.count_nonzero().item<int64_t>(), 2);
}

// A ResNet of basic blocks 8, 8 and 12 wide: 8 * 8 four times, 8 * 12 and 12 * 12; the norms of the stem, of each block
// and of the one shortcut.
TEST(ResidualAdapter, StandsBesideTheConvolutionsOfResidualPaths) {
  const auto adapted = on_basic_blocks({});
  EXPECT_EQ(adapted.adaptation.bindings.size(), 6u);
  int64_t inserted = 0;
  for (const auto& binding : adapted.adaptation.bindings)
    inserted += binding.insert->parameters().front().numel();
  EXPECT_EQ(inserted, 4 * 64 + 96 + 144);
  EXPECT_EQ(adapted.adaptation.trained.size(), 2u * 8);
  EXPECT_TRUE(on_basic_blocks({{"norms", "false"}}).adaptation.trained.empty());
  EXPECT_EQ(on_basic_blocks({{"target", "blocks.2.conv1"}}).adaptation.bindings.front().sites.front(),
            "vision.blocks.2.conv1");
}

TEST(ResidualAdapter, RefusesATargetWithNothingLargerThanOnePosition) {
  try {
    on_basic_blocks({{"target", "shortcut"}});
    FAIL() << "a convolution of 1 x 1 was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--target shortcut: selects no convolution in a block of tiny-resnet that is"));
  }
}

}  // namespace
}  // namespace graft::methods
