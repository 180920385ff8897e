#include "graft/methods/full/full.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

TEST(Full, TrainsEveryParameterOfAModelWithOneTower) {
  const OnSmallModel built("timm", "full");
  EXPECT_EQ(built.trained(), built.model->info().parameters);
}

TEST(Full, TrainsTheImageTowerOfAClipAlone) {
  const OnSmallModel built("open_clip", "full");
  for (const auto& [name, parameter] : built.parameters) {
    EXPECT_TRUE(name.starts_with("vision.") || name.starts_with("head.")) << name;
  }
  EXPECT_EQ(earliest_change(built.adaptation, *built.model), 0);
  EXPECT_FALSE(text_changes(built.adaptation, *built.model));
}

TEST(Full, SaysThatALinearHeadReadsNoText) {
  try {
    OnSmallModel("open_clip", "full", {{"tower", "both"}});
    FAIL() << "a text tower that nothing reads was trained";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "[full] --tower both: with a linear head no text is read. Say --tower vision, or --classifier prompts.");
  }
}

}  // namespace
}  // namespace graft::methods
