#include "graft/methods/norm/norm.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

// Two norms a block and one behind them, a scale and a shift of width 16 each.
TEST(Norm, TrainsScalesAndShiftsAlone) {
  const OnSmallModel built("timm", "norm");
  EXPECT_EQ(built.trained(), (2 * 2 + 1) * 2 * 16);
}

TEST(Norm, CountsTheNormBeforeAClipsBlocks) {
  const OnSmallModel built("open_clip", "norm");
  EXPECT_EQ(built.trained(), (2 * 2 + 2) * 2 * 16);
  EXPECT_THAT(built.adaptation.trained, ::testing::Contains("vision.norm_pre.weight"));
}

TEST(Norm, WritesWhatItTrainedByOurNames) {
  OnSmallModel built("hf", "norm");
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  EXPECT_EQ(tensors.size(), built.adaptation.trained.size());
  EXPECT_TRUE(tensors.contains("base_model.model.vision.blocks.0.norm1.weight"));
}

}  // namespace
}  // namespace graft::methods
