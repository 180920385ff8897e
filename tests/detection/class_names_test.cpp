#include "graft/detection/class_names.h"

#include <gmock/gmock.h>

namespace graft::detection {
namespace {

using ::testing::ElementsAre;

TEST(ClassNames, AreComparedWithoutWhatSetsWriteDifferently) {
  EXPECT_EQ(name_forms("Wine glasses ").plain, "wine glasses");
  EXPECT_EQ(name_forms("wine_glass").singular, "wine glass");
  EXPECT_EQ(name_forms("Player's Bench").plain, "players bench");
  EXPECT_EQ(name_forms("bat_(animal)").plain, "bat");
  EXPECT_EQ(name_forms("bat_(animal)").whole(), "bat (animal)");
  EXPECT_THAT(name_forms("Cabinet/shelf").parts, ElementsAre("cabinet", "shelf"));
  EXPECT_EQ(name_forms("wine glass").head, "glass");
  EXPECT_EQ(name_forms("glass").head, "");
}

TEST(ClassNames, ThePluralGoesWhereItsWordIsTheSameThing) {
  EXPECT_EQ(singular_of("apples"), "apple");
  EXPECT_EQ(singular_of("berries"), "berry");
  EXPECT_EQ(singular_of("sandwiches"), "sandwich");
  EXPECT_EQ(singular_of("boxes"), "box");
  EXPECT_EQ(singular_of("knives"), "knife");
  EXPECT_EQ(singular_of("wolves"), "wolf");
  EXPECT_EQ(singular_of("people"), "person");
  for (const auto* same : {"glasses", "scissors", "bus", "tennis", "glass", "series", "gas"})
    EXPECT_EQ(singular_of(same), same);
}

}  // namespace
}  // namespace graft::detection
