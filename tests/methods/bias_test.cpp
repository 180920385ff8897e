#include "graft/methods/bias/bias.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

// ViT of width D and hidden width 4 D: in a block 3 D + D + 4 D + D of the maps and 2 D of the norms; D of the patches
// and D of the last norm outside.
TEST(Bias, TrainsTheBiasesOfMapsAndNorms) {
  const OnSmallModel built("timm", "bias");
  EXPECT_EQ(built.trained(), 2 * 11 * 16 + 2 * 16);
  for (const auto& name : built.adaptation.trained)
    EXPECT_TRUE(name.ends_with(".bias")) << name;
}

TEST(Bias, ReachesDownToThePatches) {
  const OnSmallModel vit("timm", "bias"), clip("open_clip", "bias");
  EXPECT_EQ(earliest_change(vit.adaptation, *vit.model), 0);
  EXPECT_THAT(clip.adaptation.trained, ::testing::Contains("vision.norm_pre.bias"));  // CLIP's patches have none
}

TEST(Bias, RefusesATextTowerThatIsNotThere) {
  EXPECT_THROW(OnSmallModel("timm", "bias", {{"tower", "text"}}), ModelError);
}

}  // namespace
}  // namespace graft::methods
