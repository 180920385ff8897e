#include "graft/engine/caption_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Heard final : public Reporter {
 public:
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view text) override { warnings.emplace_back(text); }
  void progress(const Progress&) override {}
  std::vector<std::string> warnings;
};

const std::vector<data::Sample> kPairs = {{.input = "a", .pair = "a cap"},
                                          {.input = "b", .pair = "Puma Men Navy-Blue cap"},
                                          {.input = "c", .pair = "a dog LEFT of a red car"},
                                          {.input = "d", .pair = "brightly bored Reddish tan"}};

TEST(CaptionFindings, CountWordsThatStandByThemselves) {
  const auto found = findings_of(kPairs);
  EXPECT_EQ(found.colours, 3);
  EXPECT_EQ(found.colour, "Navy");
  EXPECT_EQ(found.of_colour, "Puma Men Navy-Blue cap");
  EXPECT_EQ(found.sides, 1);
  EXPECT_EQ(found.side, "LEFT");
}

TEST(CaptionFindings, WarnOfWhatTheAugmentationChangesWithCountsAndAnExample) {
  const auto of = [](const data::Augmentation& augmentation) {
    Heard heard;
    warn_of_captions(kPairs, augmentation, "x", heard);
    return heard.warnings;
  };
  EXPECT_THAT(of({}), IsEmpty());
  EXPECT_THAT(of({.brightness = 0.4F}), IsEmpty());
  data::Augmentation jitter, flip;
  jitter.hue = 0.1F;
  flip.flip = true;
  EXPECT_THAT(of(jitter),
              ElementsAre(HasSubstr("3 of 4 training captions name a colour ('Navy' in 'Puma Men Navy-Blue cap')")));
  EXPECT_THAT(of(flip), ElementsAre(HasSubstr("1 of 4 training captions name a side ('LEFT' in")));
}

}  // namespace
}  // namespace graft::engine
