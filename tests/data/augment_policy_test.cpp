#include "graft/data/augment_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "graft/data/photo_changes.h"
#include "tests/data/golden_images.h"

namespace graft::data {
namespace {

const nlohmann::json& augmentations() {
  static const nlohmann::json all = golden::read("augmentations.json");
  return all;
}

TEST(AugmentPolicy, EachNamedChangeEqualsTorchvisionsOnPillowToTheBit) {
  std::set<std::string> kinds;
  for (const auto& c : augmentations()["changes"]) {
    const std::string kind = c["kind"];
    kinds.insert(kind);
    EXPECT_EQ(golden::hash(changed(golden::load(c["image"]), golden::choice<Change>(kind), c["amount"])), c["hash"])
        << c;
  }
  EXPECT_EQ(kinds.size(), choices(Change{}).size());
}

TEST(PhotoChanges, BlurGreyAndInvertEqualPillowToTheBit) {
  for (const auto& c : augmentations()["others"]) {
    const std::string kind = c["kind"];
    const Image image = golden::load(c["image"]);
    EXPECT_EQ(golden::hash(kind == "blur"   ? gaussian_blur(image, c["amount"])
                           : kind == "grey" ? to_grey(image)
                                            : invert(image)),
              c["hash"])
        << c;
  }
}

// To the last digit but one of float32, in which torch adds by lanes; and what is cut to a whole number is the same
// one.
TEST(AugmentPolicy, MagnitudesAreTorchvisions) {
  for (const auto& c : augmentations()["magnitudes"]) {
    const auto values = c["values"].get<std::vector<double>>();
    for (size_t bin = 0; bin < values.size(); ++bin) {
      const double magnitude = magnitude_of(golden::choice<Policy>(c["policy"]), golden::choice<Change>(c["kind"]),
                                            static_cast<int>(bin), {c["height"], c["width"]});
      EXPECT_NEAR(magnitude, values[bin], 2e-7 * values[bin]) << c["policy"] << c["kind"] << bin;
      EXPECT_EQ(std::trunc(magnitude), std::trunc(values[bin])) << c["policy"] << c["kind"] << bin;
    }
  }
}

TEST(AugmentPolicy, TheSameStreamGivesTheSamePhotoAndAllChangesHaveTheirTurn) {
  const Image image = golden::noise(40, 30, 8);
  for (const auto policy : {Policy::rand_augment, Policy::trivial_augment}) {
    std::set<std::string> seen;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      Random a(seed), b(seed);
      const Image once = augmented(image, policy, a);
      EXPECT_EQ(once.rgb, augmented(image, policy, b).rgb);
      EXPECT_EQ(once.width, 40);
      EXPECT_EQ(once.rgb.size(), image.rgb.size());
      seen.insert(golden::hash(once));
    }
    EXPECT_GT(seen.size(), 100u);
  }
  Random random(1);
  EXPECT_EQ(augmented(image, Policy::none, random).rgb, image.rgb);
}

}  // namespace
}  // namespace graft::data
